package server

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"videotoken/internal/cdn"
	"videotoken/internal/sockdiag"
	"videotoken/token"
)

// wireServer is one way in which the service is reached.
type wireServer struct {
	transport     Transport
	network, addr string
}

// wireServers are both transports, over TCP and over a Unix socket.
func wireServers(t *testing.T) (all []wireServer) {
	t.Helper()
	seven, _ := vectorKeys(t)
	for _, transport := range []Transport{Epoll, FastHTTP} {
		with := settingsFor(t,
			cdn.CDN{Name: "own", URL: "https://video.example.com", Weight: 1, Keys: token.Keys{seven}})
		with.Transport, with.TrustUnix = transport, true
		s, _ := newServer(with)
		for _, at := range [][2]string{{"tcp", "127.0.0.1:0"},
			{"unix", filepath.Join(t.TempDir(), "s")}} {
			ln, err := net.Listen(at[0], at[1])
			if err != nil {
				t.Fatal(err)
			}
			startOn(t, s, ln)
			all = append(all, wireServer{transport, at[0], ln.Addr().String()})
		}
	}
	return all
}

// TestWire sends every case to every server, whole and in pieces, with nothing after it and with
// another request after it. However it comes, the answers are the same bytes.
func TestWire(t *testing.T) {
	servers, cases := wireServers(t), wireCases(t)
	if len(cases) < 700 {
		t.Fatalf("%d cases, which are fewer than there were", len(cases))
	}
	byFile := map[string][]wireCase{}
	for _, c := range cases {
		file, _, _ := strings.Cut(c.where, ".")
		byFile[file] = append(byFile[file], c)
	}
	for _, file := range slices.Sorted(maps.Keys(byFile)) {
		t.Run(file, func(t *testing.T) { runAll(t, servers, byFile[file]) })
	}
}

// runAll sends cases, a few at a time.
func runAll(t *testing.T, servers []wireServer, cases []wireCase) {
	queue := make(chan wireCase)
	var all sync.WaitGroup
	var exchanges atomic.Int64
	for range 16 {
		all.Go(func() {
			for c := range queue {
				n, err := c.run(servers)
				if exchanges.Add(int64(n)); err != nil {
					t.Errorf("%s: [%s] %s: %v", c.where, c.section, c.name, err)
				}
			}
		})
	}
	for _, c := range cases {
		queue <- c
	}
	close(queue)
	all.Wait()
	t.Logf("%d cases, %d exchanges", len(cases), exchanges.Load())
}

// run sends a case in all ways, and returns in how many.
func (c wireCase) run(servers []wireServer) (n int, err error) {
	first := ""
	for i, s := range servers {
		for j, w := range c.ways() {
			if w.cut && j%2 != i%2 { // one cut over TCP, the next over a Unix socket
				continue
			}
			n++
			got, err := c.exchange(s, w)
			if err == nil && first == "" {
				first = got
			}
			if err == nil && got != first {
				err = fmt.Errorf("got %q, where %s over %s gave %q", got, servers[0].transport,
					servers[0].network, first)
			}
			if err != nil {
				return n, fmt.Errorf("%s over %s, %s: %w", s.transport, s.network, w.name, err)
			}
		}
	}
	return n, nil
}

// wireWay is one way to send a case.
type wireWay struct {
	name   string
	pieces []string
	after  string // is sent with the last piece
	cut    bool
}

// probe is a request that cannot be taken for one of a case.
const (
	probe   = "GET /healthz HTTP/1.1\r\nHost: h\r\nX-Request-Id: probe\r\nConnection: close\r\n\r\n"
	probeID = "\r\nX-Request-Id: probe\r\n"
)

func (c wireCase) ways() []wireWay {
	all := []wireWay{{name: "whole", pieces: []string{c.raw}}}
	if c.then != unfinished {
		all = append(all, wireWay{name: "with a request after it", pieces: []string{c.raw}, after: probe})
	}
	if !withCuts {
		return all
	}
	if n := len(c.raw); n <= 120 {
		all = append(all, wireWay{name: "byte by byte", pieces: strings.Split(c.raw, ""), cut: true})
	}
	for _, at := range c.cuts() {
		all = append(all,
			wireWay{name: fmt.Sprintf("cut at %d", at), pieces: []string{c.raw[:at], c.raw[at:]}, cut: true})
	}
	return all
}

// cuts are the places next to a byte that means something to a parser: at most 6, evenly chosen.
func (c wireCase) cuts() (places []int) {
	const most = 6
	for i := 1; i < len(c.raw); i++ {
		if i == 1 || i == len(c.raw)-1 ||
			strings.ContainsAny(c.raw[i-1:i+1], "\r\n :;,\x00\t") && c.raw[i-1] != c.raw[i] {
			places = append(places, i)
		}
	}
	step := (len(places) + most - 1) / most
	var kept []int
	for i := 0; i < len(places); i += step {
		kept = append(kept, places[i])
	}
	return kept
}

// wirePatience is how long a test waits for what must happen.
const wirePatience = 30 * time.Second

// exchange sends a case in one way, checks what comes back by the case, and returns it.
func (c wireCase) exchange(s wireServer, w wireWay) (string, error) {
	conn, err := net.Dial(s.network, s.addr)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	if t, ok := conn.(*net.TCPConn); ok {
		defer t.SetLinger(0) // thousands of exchanges would leave too many ports in TIME_WAIT
	}
	if err := conn.SetDeadline(time.Now().Add(wirePatience)); err != nil {
		return "", err
	}
	sent := 0
	for i, p := range w.pieces {
		if i == len(w.pieces)-1 {
			p += w.after
		}
		if _, err := io.WriteString(conn, p); err != nil {
			break // the server had enough
		}
		if sent += len(p); i < len(w.pieces)-1 || c.then == unfinished {
			if err := awaitHasRead(conn, sent); err != nil {
				return "", err
			}
		}
	}
	r := bufio.NewReader(conn)
	if c.then == unfinished {
		if err := conn.(interface{ CloseWrite() error }).CloseWrite(); err != nil {
			return "", err
		}
	}
	var all []string
	for _, want := range c.answers {
		a, err := readWireAnswer(r, want.head)
		if err != nil {
			return "", fmt.Errorf("after the answers %q: want %d, got %q, %w", all, want.status, a, err)
		}
		if status(a) != want.status {
			return "", fmt.Errorf("after the answers %q: want %d, got %q", all, want.status, a)
		}
		all = append(all, a)
	}
	if err := c.checkHeaders(all); err != nil {
		return "", err
	}
	if c.then == staysOpen {
		if w.after == "" {
			if _, err := io.WriteString(conn, probe); err != nil {
				return "", fmt.Errorf("the connection is not open: %w", err)
			}
		}
		a, err := readWireAnswer(r, false)
		if err != nil || status(a) != http.StatusOK || !strings.Contains(a, probeID) {
			return "", fmt.Errorf("after the answers %q, the connection cannot be used: %q, %w", all, a, err)
		}
	}
	rest, err := io.ReadAll(r)
	var timeout net.Error
	if len(rest) > 0 || errors.As(err, &timeout) && timeout.Timeout() {
		return "", fmt.Errorf("after the answers %q: want the end, got %q, %w", all, rest, err)
	}
	return strings.Join(all, ""), nil
}

// checkHeaders checks the last answer.
func (c wireCase) checkHeaders(answers []string) error {
	last := ""
	if len(answers) > 0 {
		last = answers[len(answers)-1]
	}
	head, _, _ := strings.Cut(last, "\r\n\r\n")
	lines := strings.Split(head, "\r\n")
	for _, want := range c.headers {
		if !slices.Contains(lines, want) {
			return fmt.Errorf("no %q in %q", want, last)
		}
	}
	for _, name := range c.unheaded {
		if strings.Contains(last, "\r\n"+name+":") {
			return fmt.Errorf("%s in %q", name, last)
		}
	}
	if closing := slices.Contains(lines, "Connection: close"); len(answers) > 0 &&
		closing != (c.then != staysOpen) {
		return fmt.Errorf("Connection: close is %v in the last answer, %q", closing, last)
	}
	return nil
}

// awaitHasRead waits until the server has read all that was sent.
func awaitHasRead(c net.Conn, sent int) error {
	pause := 50 * time.Microsecond
	for until := time.Now().Add(wirePatience); ; pause = min(2*pause, time.Millisecond) {
		if read, err := sockdiag.HasRead(c, sent); read || err != nil {
			return err
		}
		if time.Now().After(until) {
			return fmt.Errorf("%d bytes are not read after %v", sent, wirePatience)
		}
		time.Sleep(pause)
	}
}
