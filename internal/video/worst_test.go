package video_test

import (
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

// plainBody is what the hostile bodies are compared with: worstSize bytes with 256 sources, all of
// it URLs of plain letters. The costliest bodies are URLs, too, and the tag of a long URL costs as
// much as all else, whatever the parser does.
func plainBody(tb testing.TB) []byte {
	tb.Helper()
	const name = "sources-plain"
	for _, r := range worst(tb) {
		if r.Name == name {
			return r.Body()
		}
	}
	tb.Fatalf("there is no recipe %s", name)
	return nil
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
	run("plain", plainBody(b))
	for _, r := range worst(b) {
		run(r.Name, r.Body())
	}
}
