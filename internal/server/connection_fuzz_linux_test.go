package server

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"videotoken/internal/cdn"
	"videotoken/internal/scheme"
	"videotoken/internal/transport"
	"videotoken/internal/uri"
	"videotoken/token"
)

// FuzzConnection sends any bytes in any pieces to the whole service, over a socket pair. Both
// transports answer alike, as stock fasthttp does with the same handler, unless they refuse what it
// takes. Each request has one answer, and a document that is accepted has that of slowAnswer.
//
// Every byte 0x02 of raw stands for a POST of body, so that a body can change and still be read.
// The bytes of pieces say how long each piece is but the last, and how says what comes after that.
func FuzzConnection(f *testing.F) {
	for _, s := range connectionSeeds(f) {
		f.Add(s.raw, s.body, s.pieces, s.how)
	}
	plain, slow := newConnectionTrio(f, false), newConnectionTrio(f, true)
	f.Fuzz(func(t *testing.T, raw, body, pieces []byte, how byte) {
		if bytes.Count(raw, documentMark) > 4 || len(raw)+len(body) > 32<<10 {
			return
		}
		stream := bytes.ReplaceAll(raw, documentMark, []byte(post(string(body))))
		trio := plain
		if how&0x80 != 0 {
			trio = slow
		}
		if err := trio.compare(cut(stream, pieces), streamEnd(how%byte(streamEnds))); err != nil {
			t.Fatalf("%v, then %v: %v\nsent: %q", pieces, streamEnd(how%byte(streamEnds)), err, stream)
		}
	})
}

var documentMark = []byte{0x02}

// cut cuts a stream into pieces of the given lengths, and what is left.
func cut(stream, lengths []byte) (pieces [][]byte) {
	const most = 16
	for _, n := range lengths[:min(most, len(lengths))] {
		if int(n) >= len(stream) {
			break
		}
		if n > 0 {
			pieces, stream = append(pieces, stream[:n]), stream[n:]
		}
	}
	return append(pieces, stream)
}

// streamEnd is what a client does after its last byte.
type streamEnd byte

const (
	endsRead     streamEnd = iota // says that no more comes, when the server has read all
	endsAtOnce                    // says so with the last bytes
	probes                        // sends one more good request
	probesAtOnce                  // sends it with the last bytes
	streamEnds
)

// connectionTrio are servers of one configuration.
type connectionTrio struct {
	loops, wrapped *pairListener // the two transports
	stock          *pairListener // fasthttp by itself; nil where requests wait, which it cannot do
	seen           requestRecord // what the handler of wrapped saw
	documents      *slowSigner   // nil where no answer is compared with it
}

// newConnectionTrio makes the servers. Where signatures are slow the requests wait for them.
func newConnectionTrio(tb testing.TB, slow bool) *connectionTrio {
	trio := &connectionTrio{loops: newPairListener(), wrapped: newPairListener()}
	limits := transport.Config{Loops: 1, RequestTimeout: 10 * time.Hour, IdleTimeout: 10 * time.Hour}
	c := connectionSettings(tb, slow)
	c.Transport = Epoll
	s, _ := newLimited(c, limits)
	startOn(tb, s, trio.loops)

	c = connectionSettings(tb, slow)
	s, _ = newLimited(c, limits)
	limits.Loops, limits.Handler = transport.NoLoops, trio.seen.around(s.Handler)
	limits.ErrorHandler = s.refuse
	limits.MaxHeader, limits.MaxBody = MaxHeader, s.maxBody
	s.transport = transport.New(limits)
	startOn(tb, s, trio.wrapped)
	if slow {
		return trio
	}
	trio.documents, trio.stock = &slowSigner{c.Signer}, newPairListener()
	stock := &fasthttp.Server{
		Handler: s.Handler, ErrorHandler: s.refuse,
		ReadBufferSize: MaxHeader, MaxRequestBodySize: s.maxBody,
		Logger: unlogged{}, SecureErrorLogMessage: true, LazyRequestTime: true, CloseOnShutdown: true,
		DisablePreParseMultipartForm: true, NoDefaultServerHeader: true, NoDefaultContentType: true,
	}
	go func() { _ = stock.Serve(trio.stock) }() // until the listener is closed
	tb.Cleanup(func() { _ = trio.stock.Close() })
	return trio
}

// connectionSettings are CDNs whose answers are a function of the request alone.
func connectionSettings(tb testing.TB, slow bool) Settings {
	seven, eight := vectorKeys(tb)
	sha, err := token.NewSHA256Key(9, bytes.Repeat([]byte("s"), token.SecretSize))
	if err != nil {
		tb.Fatal(err)
	}
	cdns := []cdn.CDN{
		{Name: "own", URL: "https://own.example.com", Weight: 1, Keys: token.Keys{seven}},
		{Name: "exact", URL: "https://exact.example.com", Weight: 1, Keys: token.Keys{eight},
			ExactRequests: true},
		{Name: "base", URL: "https://base.example.com/films", Weight: 1, Keys: token.Keys{sha},
			ReportOnly: true},
	}
	var kept *scheme.Signatures
	if slow {
		kept = scheme.NewSignatures(64 << 20)
		signer, err := scheme.Lookup("google-media-cdn").New(&scheme.CDN{URL: "https://slow.example.com",
			Signatures: kept,
			Keys:       []scheme.Key{{ID: "k", Secret: bytes.Repeat([]byte("k"), 32)}}})
		if err != nil {
			tb.Fatal(err)
		}
		cdns = append(cdns[:1],
			cdn.CDN{Name: "slow", URL: "https://slow.example.com", Weight: 3, Signer: signer})
	}
	c := settingsFor(tb, cdns...)
	set, err := cdn.New(cdn.Affinity, cdns)
	if err != nil {
		tb.Fatal(err)
	}
	var bases []string
	for _, one := range cdns {
		bases = append(bases, one.URL)
	}
	origins, err := uri.NewOrigins(bases)
	if err != nil {
		tb.Fatal(err)
	}
	c.Signer.CDNs, c.Signer.Origins, c.Signer.MaxRenew, c.Signer.RenewGrace = set, origins, 12*3600,
		300
	c.Signatures, c.TrustUnix, c.Limits.Body = kept, true, 8<<10
	return c
}

type unlogged struct{}

func (unlogged) Printf(string, ...any) {}

// compare sends pieces to all servers, and says what is wrong with the answers.
func (trio *connectionTrio) compare(pieces [][]byte, end streamEnd) error {
	trio.seen.take()
	want, err := trio.wrapped.exchange(pieces, end)
	if err != nil {
		return fmt.Errorf("fasthttp as wrapped: %w", err)
	}
	requests := trio.seen.take()
	got, err := trio.loops.exchange(pieces, end)
	if err != nil {
		return fmt.Errorf("the loops: %w", err)
	}
	var heads []bool
	for _, r := range requests {
		heads = append(heads, r.method == "HEAD")
	}
	answers, refused, err := splitAnswers(got, heads)
	if err != nil {
		return fmt.Errorf("%w in %q", err, got)
	}
	if got != want {
		wanted, _, err := splitAnswers(want, heads)
		if trio.documents != nil || err != nil || !differAsBusy(answers, wanted) {
			return fmt.Errorf("the loops answer\n%q\nand not\n%q", got, want)
		}
	}
	if len(answers) != len(requests) && !(refused && len(answers) == len(requests)+1) {
		return fmt.Errorf("%d requests have %d answers: %q", len(requests), len(answers), got)
	}
	if trio.documents == nil {
		return nil
	}
	for i, r := range requests {
		if err := trio.documents.check(r, answers[i]); err != nil {
			return fmt.Errorf("request %d, %q: %w\nanswer: %q", i, r.body, err, answers[i])
		}
	}
	return trio.compareStock(pieces, end, got, answers, refused)
}

// compareStock compares with stock fasthttp, but for what it reads in another way: chunks, trailers
// and expectations. What it takes may be refused here, as the last request.
func (trio *connectionTrio) compareStock(
	pieces [][]byte, end streamEnd, got string, answers []string, refused bool,
) error {
	stream := bytes.ToLower(bytes.Join(pieces, nil))
	if bytes.Contains(stream, []byte("chunked")) || bytes.Contains(stream, []byte("expect")) {
		return nil
	}
	want, err := trio.stock.exchange(pieces, end)
	if err != nil {
		return fmt.Errorf("stock fasthttp: %w", err)
	}
	if got != want &&
		!(refused && strings.HasPrefix(want, strings.Join(answers[:len(answers)-1], ""))) {
		return fmt.Errorf("the service answers\n%q\nand not as stock fasthttp\n%q", got, want)
	}
	return nil
}

// requestRecord has what a handler saw.
type requestRecord struct {
	mu   sync.Mutex
	seen []seenRequest
}

type seenRequest struct{ method, target, body string }

func (r *requestRecord) around(handler fasthttp.RequestHandler) fasthttp.RequestHandler {
	return func(ctx *fasthttp.RequestCtx) {
		one := seenRequest{string(ctx.Method()), string(ctx.RequestURI()), string(ctx.Request.Body())}
		if transport.Waited(ctx) == nil { // or the handler runs again for a request that was seen
			r.mu.Lock()
			r.seen = append(r.seen, one)
			r.mu.Unlock()
		}
		handler(ctx)
	}
}

// take returns what was seen since it was called last.
func (r *requestRecord) take() []seenRequest {
	r.mu.Lock()
	defer r.mu.Unlock()
	seen := r.seen
	r.seen = nil
	return seen
}

// withoutDates is withoutDate for all answers.
func withoutDates(answers string) string {
	const name = "\r\nDate: "
	var b strings.Builder
	for {
		before, after, found := strings.Cut(answers, name)
		b.WriteString(before)
		if !found {
			return b.String()
		}
		answers = after[min(len(after), len("Mon, 02 Jan 2006 15:04:05 GMT")):]
	}
}
