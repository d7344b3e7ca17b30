package video_test
import ("testing";"strings";"bytes";"fmt";"github.com/goccy/go-json/jsontext")
func rep(head, unit, tail string) []byte { n:=(65536-len(head)-len(tail))/len(unit); return []byte(head+strings.Repeat(unit,n)+tail)}
func BenchmarkExp(b *testing.B) {
	var names strings.Builder
	for i:=0;i<64;i++ { fmt.Fprintf(&names, `"%c%c":0,`, 'a'+i%26, 'A'+i/26) }
	obj:="{"+strings.TrimSuffix(names.String(),",")+"},"
	s:=newSigner(b)
	for _,c:=range []struct{n string;body []byte}{
		{"plain256", pad(withSources(256))},
		{"zeros", rep(`{"video":{"sources":[{"src":"/a"}],"x":[`, `0,`, `0]}}`)},
		{"zeros-err", rep(`{"video":{"sources":[{"src":"/a"}],"x":[`, `0,`, `0]}x`)},
		{"arr-err", rep(`{"video":{"sources":[{"src":"/a"}],"x":[`, `[],`, `0]}x`)},
		{"strs-err", rep(`{"video":{"sources":[{"src":"/a"}],"x":[`, `"",`, `0]}x`)},
		{"nest-err", rep(`{"video":{"sources":[{"src":"/a"}],"x":[`, `[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]],`, `0]}x`)},
		{"utf8-err", rep(`{"video":{"sources":[{"src":"/a"}],"x":"`, `é`, `"}x`)},
		{"utf8", rep(`{"video":{"sources":[{"src":"/a"}],"x":"`, `é`, `"}}`)},
		{"esc-err", rep(`{"video":{"sources":[{"src":"/a"}],"x":"`, `\u00e9`, `"}x`)},
		{"esc2-err", rep(`{"video":{"sources":[{"src":"/a"}],"x":"`, `\n`, `"}x`)},
		{"wide64-err", rep(`{"video":{"sources":[{"src":"/a"}],"x":[`, obj, `0]}x`)},
		{"wide64", rep(`{"video":{"sources":[{"src":"/a"}],"x":[`, obj, `0]}}`)},
		{"space-err", rep(`{"video":{"sources":[{"src":"/a"}],"x":[`, ` `, `0]}x`)},
	} {
		b.Run(c.n+"/Append", func(b *testing.B){ dst:=make([]byte,0,256<<10); b.ReportAllocs(); for b.Loop(){ s.Append(dst,c.body,now)}; b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(c.body)),"ns/byte")})
		b.Run(c.n+"/Decoder", func(b *testing.B){ b.ReportAllocs(); var d jsontext.Decoder; for b.Loop(){ buf:=bytes.NewBuffer(c.body); d.Reset(buf, jsontext.AllowDuplicateNames(true)); _,err:=d.ReadValue(); if strings.Contains(c.n,"err")!=(err!=nil){b.Fatal(err)}}; b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(c.body)),"ns/byte")})
	}
}
func pad(b []byte) []byte { n:=65536-len(b); return []byte(strings.Replace(string(b), "Big Buck Bunny", strings.Repeat("x",n+14),1))}
