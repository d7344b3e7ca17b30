package video_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/goccy/go-json/jsontext"
)

// BenchmarkAppend decodes, signs and splices; ReadValue beside it is the yardstick of
// docs/DESIGN.md, section 8: one jsontext ReadValue of the same body. "ns/source" must not grow
// with the number of sources.
func BenchmarkAppend(b *testing.B) {
	for _, c := range []struct {
		name    string
		body    []byte
		sources int
	}{
		{"seed", []byte(seed), 2}, {"escapes", []byte(php), 2},
		{"10", withSources(10), 10}, {"100", withSources(100), 100}, {"256", withSources(256), 256},
	} {
		b.Run(fmt.Sprintf("%s/Append", c.name), func(b *testing.B) {
			s := newSigner(b)
			dst := make([]byte, 0, 128<<10)
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := s.Append(dst, c.body, now); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(c.sources), "ns/source")
		})
		b.Run(fmt.Sprintf("%s/ReadValue", c.name), func(b *testing.B) {
			var d jsontext.Decoder
			var buffer bytes.Buffer
			b.ReportAllocs()
			for b.Loop() {
				buffer = *bytes.NewBuffer(c.body)
				d.Reset(&buffer)
				if _, err := d.ReadValue(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
