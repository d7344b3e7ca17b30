package stack

import (
	"bufio"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"videotoken/token"
)

// ClusterOptions say what a cluster consists of.
type ClusterOptions struct {
	Root      string        // of the repository
	Binary    string        // the service
	Instances int           // how many
	Drain     time.Duration // how long an instance goes on answering after SIGTERM
	Lines     string        // more lines of the configuration
	CDNs      []string      // more CDNs, each an entry of the configuration
	Redis     *Redis        // has the revoked sessions, if it is not nil
	Retry     bool          // HAProxy asks another instance where one does not answer
	Under     []string      // a command line that starts each instance's, which follows it
}

// Cluster is several instances of the service with one configuration, and HAProxy in front of them.
// It takes an instance out as soon as its /readyz is not 200. The service's CDN is named own, and
// its URL is https://films.example.
type Cluster struct {
	Addr      string // HAProxy's
	Instances []*Instance

	opt     ClusterOptions
	dir     string
	keys    [][]byte // the secrets of the keys 1, 2 and 3
	proxy   *Program
	release []func() error
}

// Instance is one of a cluster.
type Instance struct {
	Addr, Admin string
	*Program

	name, config string
}

// NewCluster starts a cluster. Close ends it, also after NewCluster failed.
func NewCluster(opt ClusterOptions) (*Cluster, error) {
	dir, err := os.MkdirTemp("", "videotoken-cluster-")
	c := &Cluster{dir: dir, opt: opt}
	if err != nil {
		return c, err
	}
	for range 3 {
		secret := make([]byte, token.SecretSize)
		_, _ = rand.Read(secret) // it never fails: the process ends instead
		c.keys = append(c.keys, secret)
	}
	if c.Addr, err = c.port(); err != nil {
		return c, err
	}
	var servers strings.Builder
	for i := range opt.Instances {
		in := &Instance{name: fmt.Sprintf("videotoken-%d", i+1)}
		if in.Addr, err = c.port(); err != nil {
			return c, err
		}
		if in.Admin, err = c.port(); err != nil {
			return c, err
		}
		in.config = filepath.Join(dir, in.name+".yaml")
		if err := c.configure(in, 1); err != nil {
			return c, err
		}
		c.Instances = append(c.Instances, in)
		if err := c.Boot(in); err != nil {
			return c, err
		}
		fmt.Fprintf(&servers, "    server %s %s\n", in.name, in.Addr)
	}
	file := filepath.Join(dir, "haproxy.cfg")
	if err := c.configureProxy(file, servers.String()); err != nil {
		return c, err
	}
	if c.proxy, err = Start(dir, "haproxy", nil, "haproxy", "-db", "-f", file); err != nil {
		return c, err
	}
	return c, c.proxy.awaitListener(c.Addr)
}

// The words of deploy/haproxy/balance.cfg that an operator has to change, and those that a cluster
// without Retry does.
const (
	wordsBind    = "    bind :3000\n"
	wordsServers = "    server videotoken-1 127.0.0.1:3002\n" +
		"    server videotoken-2 127.0.0.2:3002\n"
	wordsTimeout = "    timeout server 2s\n"
	wordsRetry   = "    retries 3\n    option redispatch 1\n" +
		"    retry-on conn-failure empty-response response-timeout\n"
)

// configureProxy writes HAProxy's configuration: that of deploy/, with a socket for its statistics.
func (c *Cluster) configureProxy(file, servers string) error {
	b, err := os.ReadFile(filepath.Join(c.opt.Root, "deploy/haproxy/balance.cfg"))
	if err != nil {
		return err
	}
	text := string(b)
	words := map[string]string{wordsBind: "    bind " + c.Addr + "\n", wordsServers: servers}
	if !c.opt.Retry {
		words[wordsRetry], words[wordsTimeout] = "    retries 0\n", "    timeout server 30s\n"
	}
	for word, by := range words {
		if strings.Count(text, word) != 1 {
			return fmt.Errorf("balance.cfg does not have %q once", word)
		}
		text = strings.Replace(text, word, by, 1)
	}
	return os.WriteFile(file, []byte("global\n    stats socket "+c.socket()+"\n"+text), 0o644)
}

// configure writes the configuration of an instance. Its first key signs.
func (c *Cluster) configure(in *Instance, keys ...int) error {
	var entries []string
	for _, id := range keys {
		entries = append(entries,
			fmt.Sprintf("{id: %d, secret: %s}", id, token.FormatSecret(c.keys[id-1])))
	}
	lines := c.opt.Lines
	if c.opt.Redis != nil {
		lines += fmt.Sprintf("revocations: {redis: %q}\n", c.opt.Redis.URL())
	}
	config := fmt.Sprintf("listen: %q\nadmin: %q\ndrain: %v\n%scdns:\n"+
		"  - {name: own, url: \"https://films.example\", keys: [%s]}\n",
		in.Addr, in.Admin, c.opt.Drain, lines, strings.Join(entries, ", "))
	for _, cdn := range c.opt.CDNs {
		config += "  - " + cdn + "\n"
	}
	return os.WriteFile(in.config, []byte(config), 0o600)
}

// UseKeys gives an instance other keys, of which the first one signs. It returns once they are
// used.
func (c *Cluster) UseKeys(in *Instance, keys ...int) error {
	if err := c.configure(in, keys...); err != nil {
		return err
	}
	if status, answer, err := in.Post("/reload", "{}"); err != nil || status != http.StatusOK {
		return fmt.Errorf("%s does not reload: %d %s, %v", in.name, status, answer, err)
	}
	return nil
}

// Spoil writes a mistake into the configuration of an instance.
func (in *Instance) Spoil() error {
	return os.WriteFile(in.config, []byte("listen: nowhere\n"), 0o600)
}

// Post posts JSON to an instance's admin listener.
func (in *Instance) Post(path, body string) (status int, answer string, err error) {
	res, err := http.Post("http://"+in.Admin+path, "application/json", strings.NewReader(body))
	return read(res, err)
}

// Get asks an instance's admin listener.
func (in *Instance) Get(path string) (status int, answer string, err error) {
	res, err := http.Get("http://" + in.Admin + path)
	return read(res, err)
}

func read(res *http.Response, err error) (int, string, error) {
	if err != nil {
		return 0, "", err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	return res.StatusCode, string(b), err
}

func (c *Cluster) socket() string { return filepath.Join(c.dir, "stats") }

func (c *Cluster) port() (string, error) {
	addr, release, err := ReservePort()
	if err == nil {
		c.release = append(c.release, release)
	}
	return addr, err
}

// Boot starts an instance that has ended, and waits until it listens.
func (c *Cluster) Boot(in *Instance) (err error) {
	argv := append(slices.Clone(c.opt.Under), c.opt.Binary, "-config", in.config)
	if in.Program, err = Start(c.dir, in.name, []string{clockVariable + "=" + in.clock()},
		argv...); err != nil {
		return err
	}
	return in.awaitListener(in.Addr)
}

// Restart tells an instance to end with SIGTERM, waits for its end, starts it again, and waits
// until HAProxy sends requests to it.
func (c *Cluster) Restart(in *Instance) error {
	if err := in.Terminate(); err != nil {
		return err
	}
	return c.Start(in)
}

// Start starts an instance that has ended, and waits until HAProxy sends requests to it.
func (c *Cluster) Start(in *Instance) error {
	if err := c.Boot(in); err != nil {
		return err
	}
	return c.Await(in, "UP")
}

// Kill kills an instance with SIGKILL, and waits until it has ended.
func (in *Instance) Kill() error {
	err := in.Signal(syscall.SIGKILL)
	<-in.done
	return err
}

// Await waits until HAProxy says "UP" of an instance, or "DOWN".
func (c *Cluster) Await(in *Instance, want string) error {
	status := ""
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(
		20 * time.Millisecond) {
		var err error
		if status, err = c.status(in); err != nil || status == want {
			return err
		}
	}
	return fmt.Errorf("HAProxy has %s as %q, never %q", in.name, status, want)
}

// status returns what HAProxy says of an instance: the 18th field of its statistics.
func (c *Cluster) status(in *Instance) (string, error) {
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
	for _, in := range c.Instances {
		if in.Program != nil {
			all = append(all, in.Program)
		}
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
