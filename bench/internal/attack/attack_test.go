package attack

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"videotoken/bench/internal/measure"
	"videotoken/bench/internal/subject"
)

// TestMain is also the process that floods: the tests start it as the commands start theirs.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == "flood" {
		if err := ServeFlood(context.Background(), os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// tiny is a site with small counts.
func tiny(out io.Writer) *Site {
	return &Site{Flooder: []string{os.Args[0], "flood"}, Out: out, Rounds: 1,
		Rest:     50 * time.Millisecond,
		Duration: 50 * time.Millisecond, Rate: 100, Bodies: 2, Attackers: []int{2, saturating}, Crowd: 20,
		Held: 20, Descriptors: 64, Films: 20}
}

// chance is what the verdicts say that are about times, memory, and clients who wait for a time.
// Whether those bounds hold where counts are small, and attacks run beside one another, is chance.
var chance = regexp.MustCompile(
	`p50 is|p99 is|within|took|slowest| each;|turn of a window|time to try|answered 503`)

// TestAttacks runs every attack with small counts. All bounds must be judged, and those hold that
// are not about times.
func TestAttacks(t *testing.T) {
	root, err := subject.Root(t.Context())
	if err != nil {
		t.Fatal("no repository to build the service from:", err)
	}
	binary := filepath.Join(t.TempDir(), "videotoken")
	if err := subject.Build(t.Context(), root, ".", binary); err != nil {
		t.Fatal(err)
	}
	service, err := measure.NewService(root)
	if err != nil {
		t.Fatal(err)
	}
	worst := t.TempDir()
	if err := os.WriteFile(filepath.Join(worst, "one.json"),
		[]byte("`{\"video\":[`\n`1e1e1,`\n`]}`\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	verdict := regexp.MustCompile(`(?m)^(ok  |FAIL)  `)
	bounds := map[string]int{"json": 2 * 3, "pipeline": 4 * 3, "chunked": 4 * 3, "large": 2 * 3,
		"memory": 3 * 4, "descriptors": 4 + 2,
		"headers": 3, "bodies": 3, "readers": 3, "idle": 3, "churn": 3, "signatures": 4 + 2*2,
		"scarce-descriptors": 3, "scarce-memory": 4, "full-disk": 3}
	for _, a := range Attacks {
		t.Run(a.Name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			s := tiny(&out)
			s.Service, s.Binary, s.Worst = service, binary, worst
			err := s.Run(t.Context(), a.Name)
			if err != nil && !errors.Is(err, ErrBound) {
				t.Fatalf("%v\n%s", err, &out)
			}
			if n := len(verdict.FindAll(out.Bytes(), -1)); n != bounds[a.Name] {
				t.Errorf("%d bounds were judged, want %d\n%s", n, bounds[a.Name], &out)
			}
			for line := range strings.Lines(out.String()) {
				if strings.HasPrefix(line, "FAIL  ") && !chance.MatchString(line) {
					t.Error(line)
				}
			}
			if failed := strings.Contains(out.String(), "\nFAIL  "); failed != errors.Is(err, ErrBound) {
				t.Errorf("error %v with the output\n%s", err, &out)
			}
		})
	}
	if err := tiny(io.Discard).Run(t.Context(), "no such"); err == nil {
		t.Error("an attack that there is not ran")
	}
}

// TestJudge checks that each bound of a contest is judged by the figure it is about.
func TestJudge(t *testing.T) {
	const ms = time.Millisecond
	beside := latency{p50: ms, p99: 10 * ms}
	for _, c := range []struct {
		name     string
		attacked latency
		answers  float64
		broken   int
	}{
		{"within", latency{p50: 3 * ms, p99: 100 * ms}, 1, 0},
		{"p50", latency{p50: 3*ms + 1, p99: 100 * ms}, 1, 1},
		{"p99", latency{p50: 3 * ms, p99: 100*ms + 1}, 1, 1},
		{"unanswered", latency{p50: ms, p99: 10 * ms, failed: 1}, 1, 1},
		{"not refused", latency{p50: 3 * ms, p99: 100 * ms}, 0, 1},
		{"all", latency{p50: 4 * ms, p99: 200 * ms, failed: 1}, 0, 4},
	} {
		s := Site{Out: io.Discard}
		rounds := []round{{attacked: c.attacked, beside: beside, rest: latency{p50: 1, p99: 1},
			hostile: flooded{answers: c.answers}}}
		s.judge(contest{p50: 3, p99: 10, refused: true}, rounds)
		if s.broken != c.broken {
			t.Errorf("%s: %d bounds broken, want %d", c.name, s.broken, c.broken)
		}
	}
}

func TestMedian(t *testing.T) {
	same := func(v float64) float64 { return v }
	if m := median([]float64{9, 1, 4}, same); m != 4 {
		t.Errorf("of three: %v", m)
	}
	if m := median([]float64{9, 1, 4, 2}, same); m != 3 {
		t.Errorf("of four: %v", m)
	}
}

// TestBodies wants what the recipes of a directory make, and an error for a directory without any.
func TestBodies(t *testing.T) {
	s := Site{Out: io.Discard, Worst: filepath.Join(t.TempDir(), "absent")}
	if b, err := s.bodies(); len(b) != 1 || err != nil {
		t.Errorf("without the directory: %d bodies, error %v", len(b), err)
	}
	s.Worst = t.TempDir()
	if _, err := s.bodies(); err == nil {
		t.Error("no error for an empty directory")
	}
	if err := os.WriteFile(filepath.Join(s.Worst, "x"), []byte("`[[[`\n``\n`x`\n"),
		0o600); err != nil {
		t.Fatal(err)
	}
	if b, err := s.bodies(); err != nil || len(b) != 2 || string(b[1].json) != "[[[x" {
		t.Errorf("%d bodies, error %v", len(b), err)
	}
	if n := len(nested().json); n != len(`{"video":{"x":`)+9985+1 {
		t.Errorf("the nested body has %d bytes", n)
	}
}

// TestFlood has a flood counted, and ended by the end of its input.
func TestFlood(t *testing.T) {
	answered := make(chan struct{}, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusTeapot)
		select {
		case answered <- struct{}{}:
		default:
		}
	}))
	defer server.Close()
	s := tiny(io.Discard)
	p, err := s.flood(t.Context(),
		Flood{URL: server.URL, Request: []byte(notFound), Connections: 2, Pipelining: 3})
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		<-answered
	}
	done, err := p.stop()
	if err != nil || done.Answers == 0 || done.Failed["status 418"] == 0 {
		t.Errorf("%+v, error %v", done, err)
	}
	server.Close()
	if _, err := s.flood(t.Context(),
		Flood{URL: server.URL, Request: []byte(notFound), Connections: 1, Pipelining: 1}); err == nil {
		t.Error("no error where nothing listens")
	}
	for _, in := range []string{"", "{\n"} {
		if err := ServeFlood(t.Context(), strings.NewReader(in), io.Discard); err == nil {
			t.Errorf("no error for the input %q", in)
		}
	}
	line, _ := json.Marshal(Flood{URL: "ftp://h"})
	if err := ServeFlood(t.Context(), bytes.NewReader(append(line, '\n')), io.Discard); err == nil {
		t.Error("no error for a URL that is not of HTTP")
	}
}

// TestWriteUntilCut tells a server that closes from one that does not.
func TestWriteUntilCut(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for _, closes := range []bool{true, false} {
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		peer, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		defer peer.Close()
		limit := time.Minute
		if closes {
			peer.Close()
		} else {
			limit = time.Nanosecond // it has passed by the first write
		}
		if _, cut := writeUntilCut(c.(*net.TCPConn), []byte("x"), limit); cut != closes {
			t.Errorf("cut %v, the server closes: %v", cut, closes)
		}
	}
}
