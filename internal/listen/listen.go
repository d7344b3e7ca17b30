// Package listen opens the sockets that a service accepts connections on: TCP ports, Unix sockets,
// and those that systemd, or another parent, hands over.
//
// Most callers want [Parse] for each address of a configuration, [Inherited] once, and
// [Address.Listen] for what was not inherited.
package listen

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Address is where to listen. The zero value is nowhere.
type Address struct {
	host, port string      // of TCP
	path       string      // of a Unix socket, "" for TCP
	mode       fs.FileMode // of a Unix socket
}

// defaultMode lets the owner of a Unix socket, and its group, connect.
const defaultMode = 0o660

// maxPath is how long a Unix socket's path may be on every system: sun_path of macOS has 104 bytes
// with a zero at its end.
const maxPath = 103

// ErrAddress is the error of text that is no address.
var ErrAddress = errors.New("must be HOST:PORT, or :PORT for every interface, with a port from 0 " +
	"to 65535 and an IPv6 address in brackets, or unix:/PATH, or unix:/PATH?mode=0660, for a " +
	"Unix socket of a path of 103 bytes at most")

var modeOption = regexp.MustCompile(`\?mode=(0?[0-7]{3})$`)

// Parse reads an address:
//
//	:3002                  every interface, IPv4 and IPv6
//	0.0.0.0:3002           every interface, IPv4 alone
//	[::]:3002              every interface, IPv6 alone
//	127.0.0.1:3002         one address; also a name, of which the first address counts
//	unix:/run/s            a Unix socket, which its owner and group may connect to
//	unix:/run/s?mode=0666  one that everybody may
func Parse(text string) (Address, error) {
	if path, ok := strings.CutPrefix(text, "unix:"); ok {
		mode := fs.FileMode(defaultMode)
		if m := modeOption.FindStringSubmatch(path); m != nil {
			bits, _ := strconv.ParseUint(m[1], 8, 9) // the expression has digits alone
			mode = fs.FileMode(bits)
			path = path[:len(path)-len(m[0])]
		}
		if !filepath.IsAbs(path) || len(path) > maxPath || strings.ContainsAny(path, "?\x00") ||
			strings.HasSuffix(path, "/") {
			return Address{}, ErrAddress
		}
		return Address{path: path, mode: mode}, nil
	}
	host, port, err := net.SplitHostPort(text)
	if err != nil || port == "" || strings.Trim(port, "0123456789") != "" {
		return Address{}, ErrAddress
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return Address{}, ErrAddress
	}
	if _, err := netip.ParseAddr(host); err != nil && host != "" && !isName(host) {
		return Address{}, ErrAddress
	}
	return Address{host: host, port: port}, nil
}

var hostname = regexp.MustCompile(
	`^([A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\.)*[A-Za-z]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$`)

// isName reports whether host can be a name, whose last label starts with a letter.
func isName(host string) bool { return len(host) <= 253 && hostname.MatchString(host) }

// String is the address as [Parse] takes it, "" for none.
func (a Address) String() string {
	switch {
	case a.IsZero():
		return ""
	case a.path == "":
		return net.JoinHostPort(a.host, a.port)
	case a.mode == defaultMode:
		return "unix:" + a.path
	}
	return fmt.Sprintf("unix:%s?mode=%04o", a.path, a.mode)
}

// IsZero reports whether the address is none.
func (a Address) IsZero() bool { return a == Address{} }

// Host is the name or address of a TCP port, "" for every interface and for a Unix socket.
func (a Address) Host() string { return a.host }

// IsLocal reports whether nobody on another machine can connect: the address is a Unix socket, or a
// loopback address. A name is one where it is "localhost".
func (a Address) IsLocal() bool {
	if a.path != "" || strings.EqualFold(a.host, "localhost") {
		return true
	}
	addr, err := netip.ParseAddr(a.host)
	return err == nil && addr.Unmap().IsLoopback()
}

// Dial connects, from this machine, to a service that listens on the address. Where that is every
// interface, it connects to the loopback interface.
func (a Address) Dial(ctx context.Context) (net.Conn, error) {
	if a.path != "" {
		return new(net.Dialer).DialContext(ctx, "unix", a.path)
	}
	host := a.host
	switch addr, err := netip.ParseAddr(host); {
	case host == "" || err == nil && addr == netip.IPv4Unspecified():
		host = "127.0.0.1"
	case err == nil && addr == netip.IPv6Unspecified():
		host = "::1" // for nobody listens on IPv4
	}
	return new(net.Dialer).DialContext(ctx, "tcp", net.JoinHostPort(host, a.port))
}

// Listen opens the address. A Unix socket that nobody listens on any more makes room; any other
// file in its place is an error. Closing the listener removes the Unix socket.
func (a Address) Listen() (net.Listener, error) {
	if a.path != "" {
		return a.listenUnix()
	}
	network := "tcp"
	// Go would take both for every address of the machine
	if addr, err := netip.ParseAddr(a.host); err == nil {
		network = "tcp6"
		if addr.Is4() {
			network = "tcp4"
		}
	}
	return net.Listen(network, net.JoinHostPort(a.host, a.port))
}

func (a Address) listenUnix() (ln net.Listener, err error) {
	// Who holds the lock of the folder decides alone whether a socket is stale.
	folder, err := os.Open(filepath.Dir(a.path))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, folder.Close()) }()
	if err := syscall.Flock(int(folder.Fd()), syscall.LOCK_EX); err != nil {
		return nil, fmt.Errorf("lock of %s: %w", filepath.Dir(a.path), err)
	}
	if err := removeStale(a.path); err != nil {
		return nil, err
	}
	// Until the mode is set, nobody but the owner can connect.
	restrict := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
		// macOS has no such thing
		return c.Control(func(fd uintptr) { _ = syscall.Fchmod(int(fd), 0o600) })
	}}
	if ln, err = restrict.Listen(context.Background(), "unix", a.path); err != nil {
		return nil, err
	}
	if err := os.Chmod(a.path, a.mode); err != nil {
		return nil, errors.Join(err, ln.Close())
	}
	return ln, nil
}

// dialTime bounds the wait for who listens on a Unix socket.
const dialTime = time.Second

// removeStale removes a Unix socket that nobody listens on.
func removeStale(path string) error {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if info.Mode().Type() != fs.ModeSocket {
		return fmt.Errorf("%s is there, and is no socket: remove it, or choose another path", path)
	}
	c, err := net.DialTimeout("unix", path, dialTime)
	if err == nil {
		_ = c.Close()
	}
	if !errors.Is(err, syscall.ECONNREFUSED) {
		return fmt.Errorf("%s: another process listens there: end it first, or choose another path",
			path)
	}
	return os.Remove(path)
}
