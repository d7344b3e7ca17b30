package stack

import (
	"bufio"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"videotoken/token"
)

// Cluster is several instances of the service with one configuration, and HAProxy in front of them.
// It takes an instance out as soon as its /readyz is not 200, and never sends a request a second
// time.
type Cluster struct {
	Addr string // HAProxy's

	dir, binary string
	proxy       *Program
	instances   []*instance
	release     []func() error
}

type instance struct {
	name, addr, config string
	*Program
}

// NewCluster starts n instances that keep answering for the time drain after SIGTERM. Close ends
// the cluster, also after NewCluster failed.
func NewCluster(binary string, n int, drain time.Duration) (*Cluster, error) {
	dir, err := os.MkdirTemp("", "videotoken-cluster-")
	c := &Cluster{dir: dir, binary: binary}
	if err != nil {
		return c, err
	}
	secret := make([]byte, token.SecretSize)
	_, _ = rand.Read(secret) // it never fails: the process ends instead
	if c.Addr, err = c.port(); err != nil {
		return c, err
	}
	var servers strings.Builder
	for i := range n {
		in := &instance{name: fmt.Sprintf("videotoken-%d", i+1)}
		if in.addr, err = c.port(); err != nil {
			return c, err
		}
		in.config = filepath.Join(dir, in.name+".yaml")
		config := fmt.Sprintf("listen: %q\nadmin: \"\"\ndrain: %v\ncdns:\n  - {name: own, url: \"https://films.example\", keys: [{id: 1, secret: %s}]}\n",
			in.addr, drain, token.FormatSecret(secret))
		if err := os.WriteFile(in.config, []byte(config), 0o600); err != nil {
			return c, err
		}
		if err := c.start(in); err != nil {
			return c, err
		}
		c.instances = append(c.instances, in)
		fmt.Fprintf(&servers, "    server %s %s check\n", in.name, in.addr)
	}
	file := filepath.Join(dir, "haproxy.cfg")
	if err := os.WriteFile(file, fmt.Appendf(nil, proxyConfig, c.socket(), c.Addr, servers.String()), 0o644); err != nil {
		return c, err
	}
	if c.proxy, err = Start(dir, "haproxy", nil, "haproxy", "-db", "-f", file); err != nil {
		return c, err
	}
	return c, c.proxy.awaitListener(c.Addr)
}

const proxyConfig = `global
    stats socket %s
defaults
    mode http
    timeout connect 2s
    timeout client 30s
    timeout server 30s
    retries 0
frontend service
    bind %s
    default_backend videotoken
backend videotoken
    option httpchk GET /readyz
    default-server inter 200ms fall 1 rise 1
%s`

func (c *Cluster) socket() string { return filepath.Join(c.dir, "stats") }

func (c *Cluster) port() (string, error) {
	addr, release, err := ReservePort()
	if err == nil {
		c.release = append(c.release, release)
	}
	return addr, err
}

func (c *Cluster) start(in *instance) (err error) {
	if in.Program, err = Start(c.dir, in.name, nil, c.binary, "-config", in.config); err != nil {
		return err
	}
	return in.awaitListener(in.addr)
}

// Restart tells an instance to end with SIGTERM, waits for its end, starts it again, and waits
// until HAProxy sends requests to it.
func (c *Cluster) Restart(i int) error {
	in := c.instances[i]
	if err := in.Terminate(); err != nil {
		return err
	}
	if err := c.start(in); err != nil {
		return err
	}
	return c.up(in)
}

// up waits until HAProxy says that an instance is up.
func (c *Cluster) up(in *instance) error {
	status := ""
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		var err error
		if status, err = c.status(in); err != nil || status == "UP" {
			return err
		}
	}
	return fmt.Errorf("HAProxy has %s as %q", in.name, status)
}

// status returns what HAProxy says of an instance: the 18th field of its statistics.
func (c *Cluster) status(in *instance) (string, error) {
	conn, err := net.Dial("unix", c.socket())
	if err != nil {
		return "", err
	}
	defer conn.Close()
	if _, err := conn.Write([]byte("show stat\n")); err != nil {
		return "", err
	}
	lines := bufio.NewScanner(conn)
	for lines.Scan() {
		if fields := strings.Split(lines.Text(), ","); len(fields) > 17 && fields[1] == in.name {
			return fields[17], nil
		}
	}
	return "", errors.Join(lines.Err(), fmt.Errorf("HAProxy has no server %s", in.name))
}

// Logs returns the end of each program's output, for a test that fails.
func (c *Cluster) Logs() string {
	out := ""
	for _, p := range c.programs() {
		out += fmt.Sprintf("--- the output of %s:\n%s\n", p.Name, p.Tail())
	}
	return out
}

func (c *Cluster) programs() (all []*Program) {
	if c.proxy != nil {
		all = append(all, c.proxy)
	}
	for _, in := range c.instances {
		all = append(all, in.Program)
	}
	return all
}

// Close ends every program and removes every file.
func (c *Cluster) Close() error {
	for _, p := range c.programs() {
		p.Stop()
	}
	var errs []error
	for _, release := range c.release {
		errs = append(errs, release())
	}
	return errors.Join(append(errs, os.RemoveAll(c.dir))...)
}
