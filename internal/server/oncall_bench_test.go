package server

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"videotoken/internal/caller"
)

// BenchmarkOnCall asks servers turn by turn over connections that are kept: one without an access log
// and callers, one that logs one request in a hundred, one with 100 callers, and one like the first.
// Each figure is the median ratio of the CPU time of a turn, client and kernel included, to that of
// the first: "log-x", "callers-x", and "self-x", which shows what of them is chance.
func BenchmarkOnCall(b *testing.B) {
	const turn = 200 // two lines of the log
	plain := settings(b)
	plain.CORS.Origins = nil
	logs, callers := plain, plain
	logs.AccessLog.Sample = 100
	var key string
	var entries []caller.Entry
	for i := range 100 {
		one, entry := apiKey(b, byte(i), caller.Caller{Name: fmt.Sprint("caller-", i), MaxTTL: caller.Unlimited})
		key, entries = one, append(entries, entry)
	}
	var err error
	if callers.Callers, err = caller.New(entries); err != nil {
		b.Fatal(err)
	}
	request := post(seed, "X-Request-Id: 1", "Authorization: Bearer "+key)
	var clients []*edgeClient
	size := 0
	for _, c := range []Settings{plain, logs, callers, plain} {
		s, _ := newServer(c)
		s.requests = new(lastLine)
		client := edgeConn(b, start(b, s))
		head := client.ask(b, request, 0)
		_, length, _ := strings.Cut(head, "Content-Length: ")
		length, _, _ = strings.Cut(length, "\r\n")
		body, err := strconv.Atoi(length)
		if err != nil || !strings.HasPrefix(head, "HTTP/1.1 200 ") || size != 0 && size != len(head)+body {
			b.Fatalf("%d bytes, not %d: %s", len(head)+body, size, head)
		}
		if _, err := client.r.Discard(body); err != nil {
			b.Fatal(err)
		}
		clients, size = append(clients, client), len(head)+body
	}
	ratios := make([][]float64, len(clients))
	took := make([]time.Duration, len(clients))
	for round := 0; b.Loop(); round++ {
		for i := range clients {
			i = (i + round) % len(clients)
			start := cpuTime(b)
			for range turn {
				clients[i].ask(b, request, size)
			}
			took[i] = cpuTime(b) - start
		}
		for i := range clients {
			ratios[i] = append(ratios[i], float64(took[i])/float64(took[0]))
		}
	}
	b.ReportMetric(median(ratios[1]), "log-x")
	b.ReportMetric(median(ratios[2]), "callers-x")
	b.ReportMetric(median(ratios[3]), "self-x")
	b.ReportMetric(0, "ns/op") // it would be the time of a turn of each
}

// lastLine takes lines of a log.
type lastLine struct {
	mu   sync.Mutex
	line []byte
}

func (l *lastLine) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.line = append(l.line[:0], p...)
	return len(p), nil
}
