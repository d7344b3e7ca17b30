package video_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/goccy/go-json/jsontext"

	"videotoken/internal/video"
)

// plyrDocument has 12 URLs as Plyr wants them, and as many bytes for each as the seed's body.
var plyrDocument = func() string {
	list := func(name, entry string, n int) string {
		entries := make([]string, n)
		for i := range entries {
			entries[i] = fmt.Sprintf(entry, i)
		}
		return `,"` + name + `":[` + strings.Join(entries, ",") + `]`
	}
	return `{"video":{"_id":"6213a7299fa2604f1b188ee0","title":"Big Buck Bunny","poster":"/Big_Buck_Bunny_surround_FrostWire.com.jpg"` +
		`,"previewThumbnails":{"src":"/thumbnails/Big_Buck_Bunny_surround_FrostWire.vtt"}` +
		list("sources",
			`{"src":"/Big_Buck_Bunny_%04dp_surround_FrostWire.com.mp4","size":1080,"type":"video/mp4"}`, 5) +
		list("tracks",
			`{"kind":"captions","src":"/Big_Buck_Bunny_%04d_surround_FrostWire.com.vtt","srclang":"en"}`,
			5) + `}}`
}()

// BenchmarkAppend decodes, signs and splices; ReadValue beside it is the yardstick of
// docs/DESIGN.md, section 11: one jsontext ReadValue of the same body. "ns/source" must not grow
// with the number of sources.
func BenchmarkAppend(b *testing.B) {
	for _, c := range []struct {
		name    string
		signer  *video.Signer
		body    []byte
		sources int
	}{
		{"seed", newSigner(b), []byte(seed), 2},
		{"escapes", newSigner(b), []byte(php), 2},
		{"10", newSigner(b), withSources(10), 10},
		{"12", newCatalogue(b, false), withSources(12), 12},
		{"plyr", newCatalogue(b, false, plyr...), []byte(plyrDocument), 12},
		{"100", newSigner(b), withSources(100), 100},
		{"256", newSigner(b), withSources(256), 256},
	} {
		b.Run(fmt.Sprintf("%s/Append", c.name), func(b *testing.B) {
			s := c.signer
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
