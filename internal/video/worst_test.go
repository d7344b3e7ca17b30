package video_test

import (
	"fmt"
	"strings"
	"testing"

	"videotoken/internal/hostile"
)

const worstSize = hostile.Size

// worst returns the recipes of costly bodies.
func worst(tb testing.TB) []hostile.Recipe {
	tb.Helper()
	recipes, err := hostile.Read("../document/testdata/worst")
	if err != nil {
		tb.Fatal(err)
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
	for _, r := range worst(b) {
		run(r.Name, r.Body())
	}
}
