package transport_test

import (
	"fmt"
	"regexp"
	"strings"
)

// comparable is an answer without what may differ: the date, and how much a buffer held when its
// bytes were found bad.
func comparable(answer string) string {
	answer = reason.ReplaceAllString(answer, "Content-Length: -${1}refused")
	const name = "\r\nDate"
	var b strings.Builder
	for {
		before, after, found := strings.Cut(answer, name)
		b.WriteString(before)
		if !found {
			return b.String()
		}
		b.WriteString(name)
		answer = after[min(dateSize, len(after)):]
	}
}

// reason is why a request was refused. The framer finds faults in another order than fasthttp.
var reason = regexp.MustCompile(`(?s)Content-Length: \d+(\r\nConnection: close\r\n\r\n)(?:error when|cannot|invalid|unexpected|fasthttp:|transport:|EOF|too many).*$`)

const dateSize = len(": Mon, 02 Jan 2006 15:04:05 GMT")

// size is how long the answers were before comparable made them so.
func size(answers string) int {
	return len(answers) + strings.Count(answers, "\r\nDate\r\n")*dateSize
}

// difference shows two answers from a little before the point where they part.
func difference(got, want string) string {
	same := 0
	for same < min(len(got), len(want)) && got[same] == want[same] {
		same++
	}
	from := max(0, same-100)
	return fmt.Sprintf("     %s\nnot  %s\nfrom their byte %d on, which are %d and %d bytes",
		shorten(got[from:]), shorten(want[from:]), from, len(got), len(want))
}

// shorten is what a test says of a text.
func shorten(s string) string {
	const most = 500
	if len(s) > most {
		return fmt.Sprintf("%q ... %q (%d bytes)", s[:most/2], s[len(s)-most/2:], len(s))
	}
	return fmt.Sprintf("%q", s)
}
