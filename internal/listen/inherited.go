package listen

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// Socket is a listening socket that the parent process handed over.
type Socket struct {
	// as the parent calls it: systemd's FileDescriptorName, the name of the unit if there is none
	Name string
	net.Listener
}

// firstFD is the first descriptor that is handed over: sd_listen_fds(3).
const firstFD = 3

// maxFDs bounds how many descriptors are looked at.
const maxFDs = 1024

// Inherited returns the sockets that systemd, or another parent, handed over by the environment's
// LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES (sd_listen_fds(3)), and removes these from it, so that
// no child takes them for its own. It returns none where there are none, or they are for another
// process, and an error if one of them is no socket that accepts connections.
func Inherited() ([]Socket, error) {
	pid, fds, names := os.Getenv("LISTEN_PID"), os.Getenv("LISTEN_FDS"), os.Getenv("LISTEN_FDNAMES")
	for _, name := range []string{"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"} {
		_ = os.Unsetenv(name) // a name that is right cannot fail
	}
	if pid != strconv.Itoa(os.Getpid()) {
		return nil, nil
	}
	n, err := strconv.Atoi(fds)
	if err != nil || n < 0 || n > maxFDs {
		return nil, fmt.Errorf("LISTEN_FDS=%q: must be a number from 0 to %d", fds, maxFDs)
	}
	named := strings.Split(names, ":")
	if names != "" && len(named) != n {
		return nil, fmt.Errorf("LISTEN_FDNAMES=%q: must have %d names, as LISTEN_FDS says", names,
			n)
	}
	var sockets []Socket
	for i := range n {
		name := ""
		if names != "" {
			name = named[i]
		}
		ln, err := inherit(firstFD+i, name)
		if err != nil {
			for _, s := range sockets {
				_ = s.Close()
			}
			return nil, fmt.Errorf("the socket %d that was handed over, %q: %w", firstFD+i, name,
				err)
		}
		sockets = append(sockets, Socket{name, ln})
	}
	return sockets, nil
}

// errNotListening is the error of a descriptor that is something else.
var errNotListening = errors.New("it is no stream socket that listens: in systemd's unit, use " +
	"ListenStream= and Accept=no")

// inherit makes a listener of a descriptor, which it closes.
func inherit(fd int, name string) (net.Listener, error) {
	syscall.CloseOnExec(fd)
	f := os.NewFile(uintptr(fd), name)
	defer f.Close()
	if listens, err := syscall.GetsockoptInt(fd, syscall.SOL_SOCKET,
		syscall.SO_ACCEPTCONN); err != nil || listens == 0 {
		return nil, errNotListening
	}
	if kind, err := syscall.GetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_TYPE); err != nil ||
		kind != syscall.SOCK_STREAM {
		return nil, errNotListening
	}
	return net.FileListener(f) // which does not remove a Unix socket when it is closed
}
