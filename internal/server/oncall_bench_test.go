package server

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"videotoken/internal/caller"
)

// BenchmarkOnCall measures what the access log and the callers add to a request's handler. Several
// servers answer in turn. "none-ns" is the median time a request of a server that has neither.
// "log-ns" is how much longer a server takes that logs one request in a hundred, "callers-ns" one
// with 100 callers. "chance-ns" is the difference of a second server that has neither.
func BenchmarkOnCall(b *testing.B) {
	const turn = 500
	plain := settings(b)
	logs, callers := plain, plain
	logs.AccessLog.Sample = 100
	var key string
	var entries []caller.Entry
	for i := range 100 {
		one, entry := apiKey(b, byte(i),
			caller.Caller{Name: fmt.Sprint("caller-", i), MaxTTL: caller.Unlimited})
		key, entries = one, append(entries, entry)
	}
	var err error
	if callers.Callers, err = caller.New(entries); err != nil {
		b.Fatal(err)
	}
	var servers []*Server
	for _, c := range []Settings{plain, logs, callers, plain} {
		s, _ := newServer(c)
		s.requests = new(lastLine)
		servers = append(servers, s)
	}
	request := newRequest([]byte(seed))
	request.Header.Set("Authorization", "Bearer "+key)
	var ctx fasthttp.RequestCtx
	ctx.Init(request, nil, nil)
	took := make([][]float64, len(servers))
	for round := 0; b.Loop(); round++ {
		for i := range servers {
			i = (i + round) % len(servers)
			start := time.Now()
			for range turn {
				ctx.Response.Reset()
				if servers[i].Handler(&ctx); ctx.Response.StatusCode() != 200 {
					b.Fatalf("%s", ctx.Response.Body())
				}
			}
			took[i] = append(took[i], float64(time.Since(start))/turn)
		}
	}
	none := median(took[0])
	b.ReportMetric(none, "none-ns")
	b.ReportMetric(median(took[1])-none, "log-ns")
	b.ReportMetric(median(took[2])-none, "callers-ns")
	b.ReportMetric(median(took[3])-none, "chance-ns")
	b.ReportMetric(0, "ns/op") // it would be the time of a turn of each
}

// lastLine takes the lines of a log.
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
