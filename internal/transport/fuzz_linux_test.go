package transport_test

import (
	"regexp"
	"strings"
	"testing"

	"videotoken/internal/transport"
)

// FuzzOracle is TestOracle for any bytes, cut at any point. Both transports answer alike, and as
// stock fasthttp does, unless they refuse what it takes, or read what stricter knows of.
func FuzzOracle(f *testing.F) {
	for i, c := range allCases() {
		if !c.heavy && len(c.raw) <= 4<<10 {
			f.Add([]byte(c.raw), uint16(i), byte(i))
		}
	}
	model, tested, wrapped := start(f, bare{stock()}), start(f, loops{transport.New(config(1))}),
		start(f, loops{transport.New(config(transport.NoLoops))})
	f.Fuzz(func(t *testing.T, raw []byte, at uint16, how byte) {
		text := string(raw)
		if strings.Contains(text, "/large") {
			return // the kernel decides what is left of an answer to a peer that sends on
		}
		pieces := []string{text}
		if n := int(at) % (len(text) + 1); n > 0 && n < len(text) {
			pieces = []string{text[:n], text[n:]}
		}
		e := end(how % byte(hold))
		ask := func(addr string) string {
			answers, err := exchange(addr, pieces, 0, e, nap)
			if err != nil {
				t.Fatal(err)
			}
			return refusal.ReplaceAllString(answers, "refused")
		}
		got, same, want := ask(tested), ask(wrapped), ask(model)
		if got != same && !(mayDrop(text) && strings.HasPrefix(got, same)) {
			t.Errorf("%v: the loops answer\n%s", e, difference(got, same))
		}
		if got != want && !strings.HasSuffix(got, "refused") && !readsOtherwise(text) &&
			!(mayDrop(text) && strings.HasPrefix(got, want)) {
			t.Errorf("%v: not as stock fasthttp\n%s", e, difference(got, want))
		}
	})
}

// refusal is the last answer, to a malformed request. Which of several faults is found first
// depends on the pieces in which it came.
var refusal = regexp.MustCompile(`(?s)HTTP/1\.1 (?:400|413|431|501|505) [^\r]*\r\nDate\r\n[^\r]*\r\nContent-Length: [-\d]+\r\nConnection: close\r\n\r\n.*$`)

// readsOtherwise reports whether a request may be read in another way than by stock fasthttp:
// trailers and expectations do not reach the handler.
func readsOtherwise(raw string) bool {
	lower := strings.ToLower(raw)
	return strings.Contains(lower, "chunked") || strings.Contains(lower, "expect")
}

// mayDrop reports whether stock fasthttp may drop answers: see rawCase.
func mayDrop(raw string) bool { return strings.Contains(raw, "/short") }
