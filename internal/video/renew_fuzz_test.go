package video_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"videotoken/internal/cdn"
	"videotoken/internal/uri"
	"videotoken/internal/video"
	"videotoken/token"
)

// FuzzRenew: what is answered is JSON, and its URLs lead to what the old ones lead to, whatever the
// old ones are: the oracle is encoding/json, and the verifier.
func FuzzRenew(f *testing.F) {
	below := renewable()
	below.Depth = 1
	for _, c := range []token.Claims{renewable(), below} {
		text, err := newKey(f, 7).Append(nil, &c, uri.Path("/a/b.mp4"), nil)
		if err != nil {
			f.Fatal(err)
		}
		for _, form := range []string{base + "/a/b.mp4?token=%s", base + "/~%s/a/b.mp4?x=[1]&y=\\\\#t",
			base + "/a/b.mp4?é&token=%s&z"} {
			f.Add([]byte(`{"url":"` + strings.Replace(form, "%s", string(text), 1) + `"}`))
			f.Add([]byte(`{"urls":["` + strings.Replace(form, "%s", string(text), 1) + `","x"]}`))
		}
	}
	set, err := cdn.New(cdn.RoundRobin,
		[]cdn.CDN{{Name: "one", URL: base, Weight: 1, Keys: token.Keys{newKey(f, 7)}}})
	if err != nil {
		f.Fatal(err)
	}
	s := &video.Signer{CDNs: set, MaxTTL: 3600, Round: 300, MaxRenew: 7200}
	serves := func(t *testing.T, url string) (string, error) {
		url, _, _ = strings.Cut(url, "#")
		_, v, err := s.CDNs.VerifyURL([]byte(url), token.Request{Now: now})
		return string(v.AppendURI(nil)), err
	}
	type body struct {
		URL  *string
		URLs []string
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		answer, err := s.Renew(nil, video.Renewal{Body: data, Now: now})
		if err != nil {
			return
		}
		var in, out body
		if err := errors.Join(json.Unmarshal(data, &in), json.Unmarshal(answer.Body, &out)); err != nil {
			t.Fatalf("%q became %q: %v", data, answer.Body, err)
		}
		if in.URL != nil {
			in.URLs, out.URLs = append(in.URLs, *in.URL), append(out.URLs, *out.URL)
		}
		if len(in.URLs) != len(out.URLs) || len(in.URLs) == 0 {
			t.Fatalf("%q became %q", data, answer.Body)
		}
		for i := range in.URLs {
			old, oldErr := serves(t, in.URLs[i])
			renewed, err := serves(t, out.URLs[i])
			if oldErr != nil || err != nil || old != renewed {
				t.Fatalf("%q became %q: %s, %v; %s, %v", data, answer.Body, old, oldErr, renewed, err)
			}
		}
	})
}
