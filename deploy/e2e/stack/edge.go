package stack

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// The words in the configurations of deploy/ that an operator has to change. A stack changes them
// too.
const (
	wordService = "127.0.0.1:3002"
	wordOrigin  = "127.0.0.1:9000"
	wordPlayer  = "https://player.example"
	wordCDN     = "aws-1"
	wordHost    = "origin.example"
)

// startEdge starts the proxy of an edge, with its configuration of deploy/.
func (s *Stack) startEdge(e *Edge, origin string) (err error) {
	dir := filepath.Join(s.Dir, e.Name)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	e.OriginHost = "films.test"
	kind, number, _ := strings.Cut(e.Name, "-")
	switch {
	case kind == "worker":
		e.OriginHost = origin // its ORIGIN is a URL
	case number != "":
		e.OriginHost = "films-" + number + ".test"
	}
	word, service := s.ask(kind)
	words := []string{word, service, wordOrigin, origin, wordPlayer, s.opt.Player, wordCDN, e.Name,
		wordHost, e.OriginHost}
	var env, argv []string
	switch kind {
	case "nginx":
		argv, err = s.nginx(dir, append(words, "listen 80;", "listen "+e.Addr+";",
			"/var/cache/videotoken", filepath.Join(dir, "cache")))
	case "caddy":
		env = []string{"HOME=" + dir, "XDG_DATA_HOME=" + dir, "XDG_CONFIG_HOME=" + dir}
		argv, err = s.caddy(dir, append(words, "\n:80 {",
			"\n"+strings.TrimPrefix(e.Addr, "127.0.0.1")+" {\n\tbind 127.0.0.1"))
	case "haproxy":
		lua := "/etc/haproxy/videotoken.lua"
		argv, err = s.haproxy(dir, append(words, "bind :80", "bind "+e.Addr, lua,
			filepath.Join(s.opt.Root, "deploy/haproxy/videotoken.lua")))
	case "worker":
		env, argv, err = s.worker(e, origin)
	default:
		err = fmt.Errorf("no edge is named %s", e.Name)
	}
	if err != nil {
		return err
	}
	p, err := Start(dir, e.Name, env, argv...)
	if err != nil {
		return err
	}
	e.program = p
	s.programs = append(s.programs, p)
	return p.awaitListener(e.Addr)
}

// ask returns what an edge's configuration calls the service, and what it is to call it in this
// stack: each program has its own way to name a Unix socket.
func (s *Stack) ask(kind string) (word, service string) {
	addr := s.Recorder.Addr
	if !s.opt.Unix {
		return wordService, addr
	}
	switch kind {
	case "nginx":
		return wordService, "unix:" + addr
	case "caddy":
		return wordService, "unix/" + addr
	default:
		return "http://" + wordService, "unix@" + addr + ":"
	}
}

// nginx runs the file as an include of a main configuration that keeps everything it writes in dir.
func (s *Stack) nginx(dir string, words []string) ([]string, error) {
	if err := s.configure("nginx/videotoken.conf", filepath.Join(dir, "videotoken.conf"),
		words); err != nil {
		return nil, err
	}
	user := ""
	if os.Geteuid() == 0 {
		user = "user root;\n"
	}
	main := user + "daemon off; worker_processes 1; pid nginx.pid; error_log stderr info;\n" +
		"events {}\nhttp {\n" +
		"access_log off;\nclient_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path " +
		"fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;\n" +
		"include videotoken.conf;\n}\n"
	file := filepath.Join(dir, "nginx.conf")
	return []string{"nginx", "-p", dir, "-c", file, "-e", "stderr"}, os.WriteFile(file,
		[]byte(main), 0o644)
}

func (s *Stack) caddy(dir string, words []string) ([]string, error) {
	file := filepath.Join(dir, "Caddyfile")
	if err := s.configure("caddy/Caddyfile", file, words); err != nil {
		return nil, err
	}
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	// The address of Caddy's API is fixed: two stacks would collide there.
	return []string{"caddy", "run", "--config", file, "--adapter", "caddyfile"}, os.WriteFile(file,
		append([]byte("{\n\tadmin off\n}\n"), b...), 0o644)
}

func (s *Stack) haproxy(dir string, words []string) ([]string, error) {
	file := filepath.Join(dir, "haproxy.cfg")
	return []string{"haproxy", "-db", "-f", file}, s.configure("haproxy/haproxy.cfg", file, words)
}

// worker runs the module in workerd, the open-source runtime of Cloudflare Workers.
func (s *Stack) worker(e *Edge, origin string) (env, argv []string, err error) {
	dir := filepath.Join(s.opt.Root, "deploy/worker")
	found, err := filepath.Glob(
		filepath.Join(dir, "node_modules/@cloudflare/workerd-*/bin/workerd"))
	if err != nil || len(found) == 0 {
		return nil, nil, fmt.Errorf("workerd is not installed: npm ci in %s", dir)
	}
	keys, err := json.Marshal([]map[string]any{{"id": e.key, "secret": e.secret}})
	if err != nil {
		return nil, nil, err
	}
	env = []string{"KEYS=" + string(keys), "ORIGIN=http://" + origin, "ALLOW_ORIGIN=" +
		s.opt.Player, fmt.Sprintf("LEEWAY=%d", Leeway), "CLIENT_IP=CF-Connecting-IP"}
	if s.opt.Revocations {
		url := s.opt.RevokedURL
		if url == "" {
			url = "http://" + s.Admin + "/revoked"
		}
		env = append(env, "REVOKED_URL="+url, "ADMIN_KEY="+s.AdminKey)
	}
	return env, []string{found[0], "serve", filepath.Join(dir, "workerd.capnp"), "--socket-addr",
		"http=" + e.Addr}, nil
}

// configure copies a file of deploy/ and replaces words, which are pairs of old and new. A word
// that is not in the file is an error: the test would run another file than it is for.
func (s *Stack) configure(from, to string, words []string) error {
	b, err := os.ReadFile(filepath.Join(s.opt.Root, "deploy", from))
	if err != nil {
		return err
	}
	for i := 0; i < len(words); i += 2 {
		if !strings.Contains(string(b), words[i]) {
			return fmt.Errorf("%s does not have %q", from, words[i])
		}
	}
	return os.WriteFile(to, []byte(strings.NewReplacer(words...).Replace(string(b))), 0o644)
}
