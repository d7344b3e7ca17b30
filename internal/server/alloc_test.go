//go:build !race

package server

import (
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/valyala/fasthttp"

	"videotoken/internal/caller"
	"videotoken/internal/revoked"
	"videotoken/internal/video"
)

const requests = 1_000_000

// withCuts has requests sent in pieces, too.
const withCuts = true

// TestRenewAllocations is not for the race detector, as TestNoAllocations.
func TestRenewAllocations(t *testing.T) {
	s, url, directory := renewingServer(t, openRevoked(t, revoked.Config{Grace: 10}))
	pair := `"` + url + `","` + directory + `"`
	for name, body := range map[string]string{
		"a URL":       `{"url":"` + url + `"}`,
		"a directory": `{"url":"` + directory + `"}`,
		"64 URLs":     `{"urls":[` + strings.Repeat(pair+",", video.MaxRenewals/2-1) + pair + `]}`,
	} {
		var ctx fasthttp.RequestCtx
		ctx.Init(renewalRequest(body), &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)}, nil)
		if n := testing.AllocsPerRun(1000, func() {
			ctx.Response.Reset()
			s.Handler(&ctx)
		}); n != 0 || ctx.Response.StatusCode() != 200 {
			t.Errorf("%s: %v allocations, status %d", name, n, ctx.Response.StatusCode())
		}
	}
}

// TestNoAllocations calls the whole handler over a reused RequestCtx. It is not for the race
// detector, under which a sync.Pool drops what it holds at random.
func TestNoAllocations(t *testing.T) {
	sources := make([]string, 100)
	for i := range sources {
		sources[i] = fmt.Sprintf(`{"src":"/film-%d.mp4","type":"video/mp4"}`, i)
	}
	for name, body := range map[string][]byte{
		"the seed": []byte(seed), "a caller": []byte(seed), "escapes": bodies()["escapes"],
		"options": bodies()["options"], "sparse": bodies()["sparse"],
		"100 sources": fmt.Appendf(nil, `{"video":{"sources":[%s]}}`, strings.Join(sources, ",")),
	} {
		config := settings(t)
		r := newRequest(body)
		if name == "a caller" {
			key, entry := apiKey(t, 'a', caller.Caller{Name: "a", MaxTTL: caller.Unlimited})
			var err error
			if config.Callers, err = caller.New([]caller.Entry{entry}); err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Authorization", "Bearer "+key)
		}
		s, _ := newServer(config)
		var ctx fasthttp.RequestCtx
		ctx.Init(r, nil, nil)
		if n := testing.AllocsPerRun(1000, func() {
			ctx.Response.Reset()
			s.Handler(&ctx)
		}); n != 0 || ctx.Response.StatusCode() != 200 {
			t.Errorf("%s: %v allocations, status %d", name, n, ctx.Response.StatusCode())
		}
	}
}
