package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	auth "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	"videotoken/internal/logqueue"
	"videotoken/internal/revoked"
	"videotoken/token"
)

// testProgram is the whole program, in this process.
type testProgram struct {
	pair
	conn    *grpc.ClientConn
	dir     string
	signals chan os.Signal
	ended   chan error
	log     *log
}

// log is what the program logs. Whoever awaits a line is told of each.
type log struct {
	mu   sync.Mutex
	more *sync.Cond
	b    bytes.Buffer
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.more.Broadcast()
	return l.b.Write(p)
}

// await waits for a line, and returns what stands after the text in it.
func (l *log) await(t *testing.T, text string) string {
	t.Helper()
	late := time.AfterFunc(time.Minute, func() { l.mu.Lock(); l.more.Broadcast(); l.mu.Unlock() })
	defer late.Stop()
	l.mu.Lock()
	defer l.mu.Unlock()
	for until := time.Now().Add(time.Minute); time.Now().Before(until); l.more.Wait() {
		if _, after, ok := strings.Cut(l.b.String(), text); ok {
			after, _, _ = strings.Cut(after, "\"")
			return after
		}
	}
	t.Fatalf("no %q in %s", text, l.b.String())
	return ""
}

// start runs the program on a Unix socket, with a configuration, in a folder of its own.
func start(t *testing.T, configuration string) *testProgram {
	t.Helper()
	r := &testProgram{dir: t.TempDir(), signals: make(chan os.Signal, 4), ended: make(chan error, 1),
		log: &log{}}
	r.log.more = sync.NewCond(&r.log.mu)
	r.write(t, configuration)
	socket := filepath.Join(r.dir, "s")
	args := []string{"-config", filepath.Join(r.dir, "videotoken.yaml"), "-listen", "unix:" + socket,
		"-admin", "127.0.0.1:0"}
	out, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	stderr := logqueue.New(in)
	go func() { _, _ = io.Copy(r.log, out); _ = out.Close() }()
	go func() { r.ended <- run(stderr, args, r.signals) }()
	r.log.await(t, `"msg":"serving"`)
	r.conn = dial(t, "unix", socket)
	r.client = auth.NewAuthorizationClient(r.conn)
	t.Cleanup(func() {
		select {
		case r.signals <- syscall.SIGTERM:
		default:
		}
		r.signals <- syscall.SIGTERM // at once
		<-r.ended
		stderr.Flush(time.Minute)
		_ = in.Close()
	})
	return r
}

func (r *testProgram) write(t *testing.T, configuration string) {
	t.Helper()
	file := filepath.Join(r.dir, "videotoken.yaml")
	if err := os.WriteFile(file+".new", []byte(strings.ReplaceAll(configuration, "DIR", r.dir)),
		0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(file+".new", file); err != nil {
		t.Fatal(err)
	}
}

// fresh returns a key with a secret of its id, the line of a configuration for it, and a path that
// it signed.
func fresh(t *testing.T, id uint16, c token.Claims) (line, path string) {
	t.Helper()
	secret := bytes.Repeat([]byte{byte(id)}, token.SecretSize)
	key, err := token.NewKey(id, secret)
	if err != nil {
		t.Fatal(err)
	}
	c.Expiry = uint32(time.Now().Unix()) + 3600
	text, err := key.Append(nil, &c, token.Path("/films/a.mp4"), nil)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("cdns: [{name: one, url: \"https://one.example\", keys: [{id: %d, "+
		"secret: %s}]}]\n", id, token.FormatSecret(secret)), "/films/a.mp4?token=" + string(text)
}

// healthy asks for the program's health.
func (r *testProgram) healthy(t *testing.T,
	service string) (grpc_health_v1.HealthCheckResponse_ServingStatus, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	a, err := grpc_health_v1.NewHealthClient(r.conn).Check(ctx,
		&grpc_health_v1.HealthCheckRequest{Service: service})
	return a.GetStatus(), err
}

func (r *testProgram) status(t *testing.T, path string) int {
	t.Helper()
	return r.check(t, question("one", "GET", path, "203.0.113.7", nil)).status
}

// awaitStatus asks until the answer has a status.
func (r *testProgram) awaitStatus(t *testing.T, path string, want int) {
	t.Helper()
	for until := time.Now().Add(time.Minute); r.status(t,
		path) != want; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(until) {
			t.Fatalf("%s is not %d after a minute", path, want)
		}
	}
}

// TestProcess: the program reads its configuration again, sees sessions that another process
// revokes, tells of its health, and ends as the service does.
func TestProcess(t *testing.T) {
	one, first := fresh(t, 1, token.Claims{})
	two, second := fresh(t, 2, token.Claims{})
	_, session := fresh(t, 2, token.Claims{HasSession: true, Session: [8]byte{7}})
	const more = "drain: 30s\nrevocations: {file: \"DIR/revoked\"}\n"
	r := start(t, one+more)
	for _, service := range []string{"", "envoy.service.auth.v3.Authorization"} {
		if s, err := r.healthy(t, service); s != grpc_health_v1.HealthCheckResponse_SERVING {
			t.Errorf("%q: %v, %v", service, s, err)
		}
	}
	if _, err := r.healthy(t, "films"); status.Code(err) != codes.NotFound {
		t.Errorf("%v", err)
	}
	if a, b := r.status(t, first), r.status(t, second); a != 200 || b != 403 {
		t.Errorf("%d, %d", a, b)
	}

	// The file changes; a mistake keeps what was read before; a signal has it read, too.
	r.write(t, two+more)
	r.awaitStatus(t, second, 200)
	if got := r.status(t, first); got != 403 {
		t.Errorf("a key that was withdrawn: %d", got)
	}
	r.write(t, one+"drain: never\n")
	r.log.await(t, "the one before goes on")
	if got := r.status(t, second); got != 200 {
		t.Errorf("after a mistake: %d", got)
	}
	r.signals <- syscall.SIGHUP
	r.log.await(t, `"cause":"SIGHUP"`)
	r.write(t, two+more)

	// Another process revokes a session in the same file, as `videotoken revoke` does.
	if got := r.status(t, session); got != 200 {
		t.Errorf("a session: %d", got)
	}
	where := revoked.Config{File: filepath.Join(r.dir, "revoked"), Now: time.Now}
	if err := revoked.Add(context.Background(), where, [8]byte{7},
		time.Now().Unix()+3600); err != nil {
		t.Fatal(err)
	}
	r.awaitStatus(t, session, 403)

	// The counts are the service's.
	admin := r.log.await(t, `"msg":"admin endpoints","address":"`)
	res, err := http.Get("http://" + admin + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(res.Body)
	if err != nil ||
		!strings.Contains(string(text), `videotoken_verifications_total{cdn="one",reason="revoked"} `) {
		t.Errorf("%v, %.200s", err, text)
	}

	// It drains: not healthy, and answering, until a second signal.
	r.signals <- syscall.SIGTERM
	r.log.await(t, `"msg":"draining"`)
	if s, err := r.healthy(t, ""); s != grpc_health_v1.HealthCheckResponse_NOT_SERVING {
		t.Errorf("%v, %v", s, err)
	}
	if got := r.status(t, second); got != 200 {
		t.Errorf("while it drains: %d", got)
	}
	r.signals <- syscall.SIGTERM
	if err := <-r.ended; err != errCut {
		t.Error(err)
	}
	r.ended <- nil
}

// TestDrain: without a second signal it ends by itself, and says that nothing was cut off.
func TestDrain(t *testing.T) {
	one, path := fresh(t, 1, token.Claims{})
	r := start(t, one+"drain: 0s\n")
	if got := r.status(t, path); got != 200 {
		t.Errorf("%d", got)
	}
	r.signals <- syscall.SIGTERM
	if err := <-r.ended; err != nil {
		t.Error(err)
	}
	r.log.await(t, `"msg":"stopped"`)
	r.ended <- nil
}

// TestNotLoaded: until the revoked sessions were read once, tokens with one are 503 and the program
// is not healthy.
func TestNotLoaded(t *testing.T) {
	one, path := fresh(t, 1, token.Claims{})
	_, session := fresh(t, 1, token.Claims{HasSession: true})
	nobody, err := net.Listen("tcp", "127.0.0.1:0") // accepts, and never answers
	if err != nil {
		t.Fatal(err)
	}
	defer nobody.Close()
	r := start(t, one+"revocations: {redis: \"redis://"+nobody.Addr().String()+"\"}\n")
	if s, err := r.healthy(t, ""); s != grpc_health_v1.HealthCheckResponse_NOT_SERVING {
		t.Errorf("%v, %v", s, err)
	}
	g := r.check(t, question("one", "GET", session, "203.0.113.7", nil))
	if g.status != 503 || g.headers["x-token-reason"] != "not-loaded" || r.status(t, path) != 200 {
		t.Errorf("%v", g)
	}
}
