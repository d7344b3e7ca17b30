package main

import (
	"bytes"
	"strings"
	"testing"

	"videotoken/bench/internal/load"
	"videotoken/bench/internal/measure"
	"videotoken/bench/internal/record"
)

// TestShapes measures every shape for a moment: the service takes each configuration, and answers
// each request with 200, behind HAProxy too where it is installed.
func TestShapes(t *testing.T) {
	stdout, stderr, err := bench("shapes", "-rounds", "1", "-d", "0.1", "-c", "4", "-only", "^[^1]")
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr)
	}
	for _, s := range allShapes() {
		row := "\n| " + s.name + " | "
		_, after, found := strings.Cut(stdout, row)
		switch {
		case s.connections > 0: // for which the machine may have too few descriptors
		case !found:
			t.Errorf("no row %q in\n%s", row, stdout)
		case strings.HasPrefix(after, "not measured") && !(s.front != "" && absent("haproxy") != ""):
			line, _, _ := strings.Cut(after, "\n")
			t.Errorf("%s: %s", s.name, line)
		}
	}
}

// TestShapeFlags: which shapes are measured, and that the plain one always is.
func TestShapeFlags(t *testing.T) {
	for args, want := range map[string]int{"": len(allShapes()), "-only renewals": 2, "-only TLS": 3} {
		chosen, err := newShapeFlags(new(bytes.Buffer)).parse(strings.Fields(args))
		if err != nil || len(chosen) != want || chosen[0].name != allShapes()[0].name {
			t.Errorf("%q: %d shapes, %v", args, len(chosen), err)
		}
	}
	for _, wrong := range []string{"-only nothing-of-this-name", "-only (", "-rounds 0", "-d 0",
		"-c 0", "more"} {
		if _, _, err := bench(append([]string{"shapes"}, strings.Fields(wrong)...)...); status(err) != 1 {
			t.Errorf("%q: error %v", wrong, err)
		}
	}
}

// TestBrowserHead: the head has 4 KiB, and not much more.
func TestBrowserHead(t *testing.T) {
	target, err := load.NewTarget("POST", "http://127.0.0.1:30000"+measure.Path,
		append([]string{measure.JSON}, browserHead()...), bytes.Repeat([]byte("x"), 283))
	if err != nil {
		t.Fatal(err)
	}
	if n := bytes.Index(target.Request, []byte("\r\n\r\n")) + 4; n < 4<<10 || n > 4<<10+100 {
		t.Errorf("the head has %d bytes", n)
	}
}

func TestShapeTable(t *testing.T) {
	runs := func(cpu float64) []*record.Result {
		return []*record.Result{{Server: &record.Server{CPUMicros: cpu},
			RequestsPerSecond: record.Rates{Avg: 1000}}}
	}
	var b bytes.Buffer
	shapeTable(&b, []*shape{
		{name: "plain", runs: runs(4)}, {name: "large", most: 1.5, runs: runs(6)},
		{name: "gone", missing: "no haproxy"},
	})
	const want = `
| | CPU/request | to plain | at most | requests/s |
|---|---|---|---|---|
| plain | 4.00 µs | 1 |  | 1000 |
| large | 6.00 µs | 1.500 | 1.50 | 1000 |
| gone | not measured: no haproxy | | | |
`
	if b.String() != want {
		t.Errorf("got %s\nwant %s", b.String(), want)
	}
}
