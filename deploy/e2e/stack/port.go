package stack

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
)

// ReservePort reserves a port of the loopback for a program that cannot be handed a listener, until
// release is called. It is below the range that the kernel takes ports for connections from
// (ip_local_port_range), and a socket named after it keeps other runs of this suite away from it.
func ReservePort() (addr string, release func() error, err error) {
	for range 200 {
		n := 20000 + rand.IntN(12000)
		lock, err := net.Listen("unix", fmt.Sprintf("@videotoken-e2e-%d", n))
		if err != nil {
			continue
		}
		addr := fmt.Sprintf("127.0.0.1:%d", n)
		ln, err := net.Listen("tcp", addr)
		if err != nil {
			_ = lock.Close()
			continue
		}
		return addr, lock.Close, ln.Close()
	}
	return "", nil, errors.New("no free port")
}

// checkFree says before a program is started that its port is taken.
func checkFree(addr string) error {
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		return fmt.Errorf("another program has the port: %w", err)
	}
	return ln.Close()
}
