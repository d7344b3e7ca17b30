package server

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"videotoken/internal/cdn"
	"videotoken/internal/scheme"
	"videotoken/internal/sockdiag"
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
	// How many signatures are kept may differ, and with it who is told to come again.
	comesAgain := trio.documents == nil && strings.Contains(got+want, "HTTP/1.1 503 ")
	if got != want && !comesAgain {
		return fmt.Errorf("the loops answer\n%q\nand not\n%q", got, want)
	}
	if trio.documents == nil {
		return nil
	}
	var heads []bool
	for _, r := range requests {
		heads = append(heads, r.method == "HEAD")
	}
	answers, refused, err := splitAnswers(got, heads)
	if err != nil {
		return fmt.Errorf("%w in %q", err, got)
	}
	if len(answers) != len(requests) && !(refused && len(answers) == len(requests)+1) {
		return fmt.Errorf("%d requests have %d answers: %q", len(requests), len(answers), got)
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

// splitAnswers splits what came back into answers. It reports whether the last one refuses what is
// no request: such an answer closes the connection.
func splitAnswers(text string, heads []bool) (answers []string, refused bool, err error) {
	for r := bufio.NewReader(strings.NewReader(text)); ; {
		if _, err := r.Peek(1); err != nil {
			break
		}
		interim := 0
		for _, a := range answers {
			if status(a) < 200 {
				interim++
			}
		}
		i := len(answers) - interim
		a, err := readWireAnswer(r, i < len(heads) && heads[i])
		if err != nil && i >= len(heads) && strings.HasSuffix(a, "\r\n\r\n") {
			err = nil // a HEAD that was refused
		}
		if err != nil {
			return answers, false, fmt.Errorf("answer %d, %q: %w", i, a, err)
		}
		if status(a) >= 200 {
			answers = append(answers, a)
		}
	}
	if n := len(answers); n > 0 {
		last := answers[n-1]
		switch status(last) {
		case 400, 413, 431, 501, 505:
			refused = strings.Contains(last, "\r\nConnection: close\r\n")
		}
	}
	return answers, refused, nil
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
		r.mu.Lock()
		r.seen = append(r.seen, one)
		r.mu.Unlock()
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

// pairListener accepts one end of each socket pair that is made.
type pairListener struct {
	made   chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newPairListener() *pairListener {
	return &pairListener{made: make(chan net.Conn), closed: make(chan struct{})}
}

func (l *pairListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.made:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pairListener) Addr() net.Addr { return &net.UnixAddr{Net: "unix"} }

func (l *pairListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

// dial makes a socket pair, and has the server accept one end.
func (l *pairListener) dial() (*net.UnixConn, error) {
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	var ends [2]net.Conn
	for i, fd := range fds {
		file := os.NewFile(uintptr(fd), "socket pair")
		if ends[i], err = net.FileConn(file); err != nil {
			return nil, err
		}
		_ = file.Close()
	}
	l.made <- ends[1]
	return ends[0].(*net.UnixConn), nil
}

// exchange sends pieces, each when the server has read the one before, and returns all that comes
// back until the server closes, without dates.
func (l *pairListener) exchange(pieces [][]byte, end streamEnd) (string, error) {
	conn, err := l.dial()
	if err != nil {
		return "", err
	}
	defer conn.Close() //nolint:errcheck // nothing depends on it
	answers := make(chan string, 1)
	go func() {
		b, _ := io.ReadAll(conn) // a reset is an end, too
		answers <- string(b)
	}()
	const onceMore = "GET /healthz HTTP/1.1\r\nHost: h\r\nX-Request-Id: probe\r\n\r\n"
	for i, p := range pieces {
		last := i == len(pieces)-1
		if last && end == probesAtOnce {
			p = append(bytes.Clone(p), onceMore...)
		}
		if _, err := conn.Write(p); err != nil {
			break // the server had enough
		}
		if !last || end == endsRead || end == probes {
			if err := awaitPairRead(conn); err != nil {
				return "", err
			}
		}
	}
	if end == probes {
		_, _ = io.WriteString(conn, onceMore)
	}
	_ = conn.CloseWrite()
	select {
	case a := <-answers:
		return withoutDates(a), nil
	case <-time.After(10 * time.Minute): // the whole process may have been stopped meanwhile
		return "", errors.New("the server does not close")
	}
}

// awaitPairRead waits until the server has read all that was sent, asleep in the kernel: Go's own
// sleep takes a millisecond where nothing else runs.
func awaitPairRead(c *net.UnixConn) error {
	for {
		if read, err := sockdiag.HasRead(c, 0); read || err != nil {
			return err
		}
		pause := syscall.NsecToTimespec(int64(20 * time.Microsecond))
		_ = syscall.Nanosleep(&pause, nil)
	}
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

// connectionSeed is what FuzzConnection starts from.
type connectionSeed struct {
	raw, body, pieces []byte
	how               byte
}

// connectionSeeds are the short cases of testdata/wire, and documents of every kind.
func connectionSeeds(tb testing.TB) (all []connectionSeed) {
	add := func(raw, body string, pieces []byte, how byte) {
		all = append(all, connectionSeed{[]byte(raw), []byte(body), pieces, how})
	}
	for i, c := range wireCases(tb) {
		if len(c.raw) <= 2<<10 {
			add(c.raw, seed, []byte{byte(i), 200}, byte(i))
		}
	}
	for _, body := range []string{
		seed,
		`{"video":{"videoId":1,"sources":[{"src":"/a b?c=d#e","type":null},{"src":"/d/e.m3u8?x=1"}]}}`,
		`{"videos":[{"sources":[{"src":"/1"}]},` +
			`{"videoId":"2","sources":[{"src":"https://own.example.com/2.mp4"}]}],"other":[1.0e3,{}]}`,
		`{"token":{"ttl":600,"notBefore":1,"ip":"203.0.113.7","session":"00112233aabbccdd",` +
			`"renew":3600},"video":{"sources":[{"src":"\/\u0061"}]}}`,
		`{"token":{"scope":"/a/","cdn":"own","exclude":["exact"]},"video":{"sources":[{"src":"/a/b/c.mpd"}]}}`,
		`{"token":{"cdn":"slow"},"video":{"sources":[{"src":"/a/b/c.mpd"},{"src":"/é.mp4"}]}}`,
	} {
		for how := range byte(8) {
			raw := "\x02\x02GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n\x02"
			add(raw, body, []byte{40, 90, 250, 1}[:how/2], how<<4|how)
		}
	}
	for _, at := range []string{edgeExact, edgeBelow, edgeBound, edgeSession, edgeFilm} {
		const more = " HTTP/1.1\r\nHost: h\r\nX-Real-IP: 203.0.113.7\r\n\r\n"
		add("GET /verify/ext-authz/own"+at+more, seed, []byte{60}, 2)
		renew := post(`{"urls":["https://own.example.com` + at + `"]}`)
		add(strings.Replace(renew, "/video/token", "/video/renew", 1)+"\x02", seed, []byte{60}, 1)
	}
	return all
}
