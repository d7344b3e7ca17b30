package stack

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// Build builds the service of the repository at root into dir.
func Build(root, dir string) (string, error) {
	binary := filepath.Join(dir, "videotoken")
	cmd := exec.Command("go", "build", "-o", binary, ".")
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building the service: %w\n%s", err, out)
	}
	return binary, nil
}

// StartService starts the service, also after StopService.
func (s *Stack) StartService() error {
	config := filepath.Join(s.Dir, "videotoken.yaml")
	if err := os.WriteFile(config, s.config(), 0o600); err != nil {
		return err
	}
	p, err := Start(s.Dir, "videotoken", nil, s.opt.Binary, "-config", config)
	if err != nil {
		return err
	}
	if s.service == nil {
		s.programs = append(s.programs, p)
	} else {
		s.programs[0] = p
	}
	s.service = p
	if err := p.awaitListener(s.Service); err != nil {
		return err
	}
	client := http.Client{Timeout: time.Second}
	for range 100 {
		if r, err := client.Get("http://" + s.Service + "/healthz"); err == nil {
			_ = r.Body.Close()
			if r.StatusCode == http.StatusOK {
				return nil
			}
		}
		time.Sleep(20 * time.Millisecond)
	}
	return fmt.Errorf("the service does not get healthy; its output:\n%s", p.Tail())
}

// StopService ends the service and leaves the edges running.
func (s *Stack) StopService() { s.service.Stop() }

// config returns the service's configuration, with a CDN for each edge.
func (s *Stack) config() []byte {
	var b bytes.Buffer
	listen, peers := fmt.Sprintf("[%q]", s.Service), "127.0.0.1/32"
	if s.opt.Unix {
		listen, peers = fmt.Sprintf("[%q, %q]", s.Service, "unix:"+s.socket()), "unix"
	}
	fmt.Fprintf(&b, "listen: %s\nadmin: %q\n", listen, s.Admin)
	if s.opt.Token != "" {
		fmt.Fprintf(&b, "token: %s\n", s.opt.Token)
	} else {
		fmt.Fprintf(&b, "token: {ttl: 1h, max_ttl: 24h, round: 1m, leeway: %ds}\n", Leeway)
	}
	fmt.Fprintf(&b, "revocations: {file: %q}\n", filepath.Join(s.Dir, "revoked"))
	if s.opt.Revocations {
		fmt.Fprintln(&b, s.adminEntry)
	}
	fmt.Fprintf(&b, "trusted_proxies: [%q]\n", peers)
	if s.opt.Player != "" {
		fmt.Fprintf(&b, "cors: {origins: [%q], credentials: %t}\n", s.opt.Player, s.opt.Credentials)
	}
	b.WriteString(s.opt.Lines)
	b.WriteString("cdns:\n")
	var edges []*Edge
	if s.opt.Other {
		edges = append(edges, s.other)
	}
	for _, name := range s.opt.Edges {
		edges = append(edges, s.Edges[name])
	}
	for _, e := range edges {
		fmt.Fprintf(&b, "  - name: %s\n    url: http://%s\n    keys: [{id: %d, secret: %s}]\n",
			e.Name, e.Addr, e.key, e.secret)
	}
	for _, entry := range s.opt.CDNs {
		fmt.Fprintf(&b, "  - %s\n", entry)
	}
	return b.Bytes()
}

// socket is where the service listens with Options.Unix.
func (s *Stack) socket() string { return filepath.Join(s.Dir, "videotoken.sock") }

// newAdminKey makes a key for the admin listener. entry is the line of the configuration for it.
func newAdminKey(binary string) (key, entry string, err error) {
	out, err := exec.Command(binary, "keygen", "-admin").Output()
	key, entry, found := strings.Cut(strings.TrimSpace(string(out)), "\n")
	if err == nil && !found {
		err = fmt.Errorf("keygen -admin prints %q", out)
	}
	return key, entry, err
}

// Leeway is how many seconds a stack's clocks may differ.
const Leeway = 1
