package video_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// worstSize is the size of a body that is as large as one may be by default.
const worstSize = 64 << 10

// recipe makes a hostile body of worstSize: the head, as many units as fit, and the tail. In a
// unit, each "#" stands for the unit's number in three letters, so that units differ.
type recipe struct{ head, unit, tail string }

func (r recipe) body() []byte {
	b := make([]byte, 0, worstSize)
	b = append(b, r.head...)
	for n := 0; len(r.unit) > 0 && len(b)+len(r.unit)+2*strings.Count(r.unit, "#")+len(r.tail) <= worstSize; n++ {
		b = append(b, strings.ReplaceAll(r.unit, "#", number(n))...)
	}
	return append(b, r.tail...)
}

func number(n int) string {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	return string([]byte{letters[n/52/52%52], letters[n/52%52], letters[n%52]})
}

const worstDir = "../document/testdata/worst"

// worst returns the recipes in worstDir by name. Each is a file of three Go strings, one a line.
func worst(tb testing.TB) map[string]recipe {
	tb.Helper()
	files, err := filepath.Glob(worstDir + "/*")
	if err != nil || len(files) == 0 {
		tb.Fatalf("no file in %s: %v", worstDir, err)
	}
	recipes := map[string]recipe{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			tb.Fatal(err)
		}
		lines := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
		if len(lines) != 3 {
			tb.Fatalf("%s: %d lines, want 3", file, len(lines))
		}
		for i := range lines {
			if lines[i], err = strconv.Unquote(lines[i]); err != nil {
				tb.Fatalf("%s, line %d: %v", file, i+1, err)
			}
		}
		recipes[filepath.Base(file)] = recipe{lines[0], lines[1], lines[2]}
	}
	return recipes
}

// plainBody is what the hostile bodies are compared with: worstSize bytes with 256 sources.
func plainBody() []byte {
	const entry = `{"src":"/films/%04d/Big_Buck_Bunny_1080p_surround_FrostWire.com.mp4","size":1080,"type":"video/mp4","label":"%s"},`
	var b strings.Builder
	b.WriteString(`{"video":{"_id":"6213a7299fa2604f1b188ee0","videoId":"12345","sources":[`)
	room := (worstSize - b.Len() - 256*(len(entry)-2)) / 256
	for i := range 256 {
		fmt.Fprintf(&b, entry, i, strings.Repeat("x", room))
	}
	return []byte(strings.TrimSuffix(b.String(), ",") + `]}}`)
}

// BenchmarkWorst compares what hostile bodies cost with a plain body. "make hostile-json" does it
// in interleaved rounds.
func BenchmarkWorst(b *testing.B) {
	s := newSigner(b)
	run := func(name string, body []byte) {
		b.Run(name, func(b *testing.B) {
			dst := make([]byte, 0, 4*worstSize)
			b.ReportAllocs()
			for b.Loop() {
				_, _, _ = s.Append(dst, body, now)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(body)), "ns/byte")
		})
	}
	run("plain", plainBody())
	for name, r := range worst(b) {
		run(name, r.body())
	}
}
