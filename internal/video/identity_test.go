package video_test

import (
	"fmt"
	"strings"
	"testing"

	"videotoken/internal/cdn"
	"videotoken/internal/video"
	"videotoken/token"
)

// TestIdentity: with affinity a video's CDN goes by its videoId, however that is spelled, else by
// its first src.
func TestIdentity(t *testing.T) {
	var cdns []cdn.CDN
	for i := range uint16(50) {
		cdns = append(cdns, cdn.CDN{Name: fmt.Sprint(i), URL: fmt.Sprintf("https://%02d.example", i),
			Weight: 1, Keys: token.Keys{newKey(t, i)}})
	}
	set, err := cdn.New(cdn.Affinity, cdns)
	if err != nil {
		t.Fatal(err)
	}
	s := newSigner(t)
	s.CDNs = set
	pick := func(document string) string {
		out, _, err := s.Append(nil, []byte(`{"video":`+document+`}`), now)
		if err != nil {
			t.Fatalf("%s: %v", document, err)
		}
		_, url, _ := strings.Cut(string(out), "https://")
		return url[:2]
	}
	for _, same := range [][]string{
		{`{"videoId":"12345","sources":[{"src":"/a"}]}`,
			`{"sources":[{"src":"/b"},{"src":"/c"}],"videoId":"12345"}`,
			`{"videoId":12345,"sources":[{"src":"/d"}]}`,
			`{"videoId":"\u00312345","sources":[{"src":"/e"}]}`},
		{`{"sources":[{"src":"/film.mp4"},{"src":"/x"}]}`,
			`{"videoId":"","sources":[{"src":"\/film.mp4"}]}`,
			`{"videoId":null,"sources":[{"src":"/film.mp4"}]}`,
			`{"videoId":{"x":1},"sources":[{"src":"/film.mp4"}]}`,
			`{"videoId":[1],"sources":[{"src":"/film.mp4"}]}`,
			`{"videoId":true,"sources":[{"src":"/film.mp4"}]}`},
		{`{"videoId":"/film.mp5","sources":[{"src":"/1"}]}`, `{"sources":[{"src":"/film.mp5"}]}`,
			`{"videoId":"\/film.mp5","sources":[{"src":"/2"}]}`},
	} {
		want := pick(same[0])
		for _, other := range same[1:] {
			if got := pick(other); got != want {
				t.Errorf("%s is on %s, and %s on %s", other, got, same[0], want)
			}
		}
	}
	seen := map[string]bool{}
	for i := range 500 {
		seen[pick(fmt.Sprintf(`{"videoId":"%d","sources":[{"src":"/same"}]}`, i))] = true
	}
	if len(seen) != 50 {
		t.Errorf("500 videos are on %d of 50 CDNs", len(seen))
	}
}

// TestFirstKeySigns: of a CDN's keys the first signs, and all verify, which is how keys are
// changed.
func TestFirstKeySigns(t *testing.T) {
	first, second := newKey(t, 7), newKey(t, 6)
	for _, keys := range []token.Keys{{first, second}, {second, first}} {
		set, err := cdn.New(cdn.RoundRobin, []cdn.CDN{{Name: "a", URL: base, Weight: 1, Keys: keys}})
		if err != nil {
			t.Fatal(err)
		}
		s := newSigner(t)
		s.CDNs = set
		for _, src := range []string{"/film.mp4", "/hls/a.m3u8"} {
			url, _, err := s.URL(src, "", video.Options{}, now)
			if err != nil {
				t.Fatal(err)
			}
			v, err := token.Keys{second, first}.Verify(
				token.Request{URI: []byte(strings.TrimPrefix(url, base)), Now: now})
			if err != nil || v.Key != keys[0].ID() {
				t.Errorf("%s: signed by key %d, %v; want %d", url, v.Key, err, keys[0].ID())
			}
		}
	}
}
