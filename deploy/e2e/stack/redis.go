package stack

import (
	"errors"
	"net"
	"os"
	"syscall"
)

// Redis is a Redis that keeps nothing on the disk.
type Redis struct {
	dir, addr string
	release   func() error
	*Program
}

// NewRedis starts a Redis. Close ends it, also after NewRedis failed.
func NewRedis() (*Redis, error) {
	dir, err := os.MkdirTemp("", "videotoken-redis-")
	r := &Redis{dir: dir}
	if err != nil {
		return r, err
	}
	if r.addr, r.release, err = ReservePort(); err != nil {
		return r, err
	}
	return r, r.Start()
}

// URL is where the Redis is.
func (r *Redis) URL() string { return "redis://" + r.addr }

// Start starts the Redis, empty, also after Kill.
func (r *Redis) Start() (err error) {
	host, port, err := net.SplitHostPort(r.addr)
	if err != nil {
		return err
	}
	r.Program, err = Start(r.dir, "redis", nil, "redis-server", "--bind", host, "--port", port,
		"--save", "")
	if err != nil {
		return err
	}
	return r.awaitListener(r.addr)
}

// Kill kills the Redis, which forgets all it has.
func (r *Redis) Kill() error {
	err := r.Signal(syscall.SIGKILL)
	<-r.done
	return err
}

// Logs returns the end of its output.
func (r *Redis) Logs() string { return string(r.Tail()) }

// Close ends it and removes its files.
func (r *Redis) Close() error {
	var errs []error
	if r.Program != nil {
		r.Stop()
	}
	if r.release != nil {
		errs = append(errs, r.release())
	}
	return errors.Join(append(errs, os.RemoveAll(r.dir))...)
}
