package transport_test

import (
	"regexp"
	"strings"
	"testing"

	"videotoken/internal/transport"
)

// FuzzOracle is TestOracle for any bytes, cut at any point: stock fasthttp and the loops answer alike.
func FuzzOracle(f *testing.F) {
	for i, c := range allCases() {
		if !c.heavy && len(c.raw) <= 4<<10 {
			f.Add([]byte(c.raw), uint16(i), byte(i))
		}
	}
	model, tested := start(f, bare{stock()}), start(f, loops{transport.New(config(1))})
	f.Fuzz(func(t *testing.T, raw []byte, at uint16, how byte) {
		text := string(raw)
		if strings.Contains(text, "/large") {
			return // what is left of an answer to a peer who sends on is the kernel's choice
		}
		pieces := []string{text}
		if n := int(at) % (len(text) + 1); n > 0 && n < len(text) {
			pieces = []string{text[:n], text[n:]}
		}
		e := end(how % byte(hold))
		want, err := exchange(model, pieces, 0, e, nap)
		if err != nil {
			t.Fatal(err)
		}
		got, err := exchange(tested, pieces, 0, e, nap)
		if err != nil {
			t.Fatal(err)
		}
		want, got = refusal.ReplaceAllString(want, "refused"), refusal.ReplaceAllString(got, "refused")
		if got != want && !(mayDrop(text) && strings.HasPrefix(got, want)) {
			t.Errorf("%v: the loops answer\n%s", e, difference(got, want))
		}
	})
}

// refusal is the last answer, to a malformed head or one too long. Which of several things that are wrong with a head
// fasthttp finds depends on the pieces that it came in, and the loops may give it all in one.
var refusal = regexp.MustCompile(`(?s)HTTP/1\.1 4(?:00|31) [^\r]*\r\nDate\r\n[^\r]*\r\nContent-Length: [-\d]+\r\nConnection: close\r\n\r\n` +
	`(?:error when reading request headers: .*|head too large)$`)

// mayDrop reports whether stock fasthttp may drop answers: see rawCase.
func mayDrop(raw string) bool {
	return strings.Contains(strings.ToLower(raw), "chunked") || strings.Contains(raw, "/short")
}
