package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net"

	"videotoken/internal/config"
	"videotoken/internal/listen"
)

// sockets are what a service accepts connections on.
type sockets struct {
	service []net.Listener
	admin   net.Listener // nil: none
}

// adminSocket is the name of a socket that is handed over for the admin endpoints. All others are
// the service's.
const adminSocket = "admin"

// openSockets takes the sockets that systemd hands over, and opens those of the configuration where
// none takes their place.
func openSockets(log *slog.Logger, c *config.Config) (s sockets, err error) {
	defer func() {
		if err != nil {
			s.close()
		}
	}()
	inherited, err := listen.Inherited()
	if err != nil {
		return s, err
	}
	for _, socket := range inherited {
		log.Info("socket handed over", "name", socket.Name, "address", socket.Addr().String())
		switch {
		case socket.Name != adminSocket:
			s.service = append(s.service, socket.Listener)
		case s.admin != nil:
			return s,
				errors.Join(errors.New("two sockets that were handed over have the name admin: "+
					"one is enough"), socket.Close())
		default:
			s.admin = socket.Listener
		}
	}
	if s.admin != nil && c.Admin.Key == nil && !isLocal(s.admin.Addr()) {
		return s, fmt.Errorf("admin: %s, which was handed over: %w", s.admin.Addr(),
			config.ErrAdminKey)
	}
	if s.admin == nil && !c.Admin.Address.IsZero() {
		if s.admin, err = c.Admin.Address.Listen(); err != nil {
			return s, fmt.Errorf("admin: %w: choose another address with -admin, or -admin off",
				err)
		}
	}
	if len(s.service) > 0 {
		return s, nil
	}
	for _, a := range c.Listen {
		ln, err := a.Listen()
		if err != nil {
			return s, fmt.Errorf("listen: %w: choose another address with -listen", err)
		}
		s.service = append(s.service, ln)
	}
	return s, nil
}

// isLocal reports whether nobody on another machine can connect to an address.
func isLocal(addr net.Addr) bool {
	tcp, ok := addr.(*net.TCPAddr)
	return !ok || tcp.IP.IsLoopback()
}

// close closes the sockets, whose errors nobody needs any more.
func (s *sockets) close() {
	for _, ln := range s.service {
		_ = ln.Close()
	}
	if s.admin != nil {
		_ = s.admin.Close()
	}
}
