package video_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"videotoken/internal/cdn"
	"videotoken/internal/uri"
	"videotoken/internal/video"
	"videotoken/token"
)

const (
	now  = 1_999_990_000
	base = "https://d111.cloudfront.net"

	seed = `{"video":{"_id":"6213a7299fa2604f1b188ee0","videoId":"12345","title":"Big Buck Bunny","sources":[{"src":"/Big_Buck_Bunny_1080p_surround_FrostWire.com.mp4","size":1080,"type":"video/mp4"},{"src":"/Big_Buck_Bunny_720p_surround_FrostWire.com.mp4","size":720,"type":"video/mp4"}]}}`
	php  = `{"video":{"_id":"6213a7299fa2604f1b188ee0","title":"Amélie \"1\" \/ 2 \ud83c\udfac","sources":[{"src":"\/films\/am\u00e9lie\u002f1080.mp4","size":1080,"type":"video\/mp4"},{"src":"\/hls\/bbb\/master.m3u8","type":"application\/vnd.apple.mpegurl"}]}}`
	deep = `{"other":[{"sources":1}],"video":{"a":{"b":[[[{"src":"/not/me","video":{"sources":[]}}]],{"sources":[{"src":"x"}]}]},"n":[1e400,12345678901234567890,-0.0,1E+2],"sources":[{"x":{"src":"/nor/me"},"src":"/me.mp4"}],"z":"\u0000\u2028"}}`
)

func newKey(tb testing.TB, id uint16) *token.Key {
	tb.Helper()
	k, err := token.NewKey(id, bytes.Repeat([]byte{byte(id)}, token.SecretSize))
	if err != nil {
		tb.Fatal(err)
	}
	return k
}

func newSigner(tb testing.TB) *video.Signer {
	tb.Helper()
	set, err := cdn.New(cdn.RoundRobin,
		[]cdn.CDN{{Name: "aws-1", URL: base, Weight: 1, Keys: token.Keys{newKey(tb, 7)}}})
	if err != nil {
		tb.Fatal(err)
	}
	return &video.Signer{CDNs: set, TTL: 6 * 3600, MaxTTL: 24 * 3600, Round: 300}
}

// withSources is a document of n sources.
func withSources(n int) []byte {
	var b strings.Builder
	b.WriteString(`{"video":{"_id":"6213a7299fa2604f1b188ee0","videoId":"12345","title":"Big Buck Bunny","sources":[`)
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b,
			`{"src":"/Big_Buck_Bunny_%04dp_surround_FrostWire.com.mp4","size":%d,"type":"video/mp4"}`, i, i)
	}
	b.WriteString(`]}}`)
	return []byte(b.String())
}

// verifyURL verifies the token of a signed URL, and returns what the origin is asked for.
func verifyURL(url string, client netip.Addr) (string, token.Verified, error) {
	key, err := token.NewKey(7, bytes.Repeat([]byte{7}, token.SecretSize))
	if err != nil {
		return "", token.Verified{}, err
	}
	uri, found := strings.CutPrefix(url, base)
	if !found {
		return "", token.Verified{}, fmt.Errorf("%s is not on %s", url, base)
	}
	uri, fragment, hasFragment := strings.Cut(uri, "#")
	v, err := token.Keys{key}.Verify(token.Request{URI: []byte(uri), Now: now, Client: client})
	if err != nil {
		return "", v, fmt.Errorf("%s: %w", url, err)
	}
	origin := string(v.AppendURI(nil))
	if hasFragment {
		origin += "#" + fragment
	}
	return origin, v, nil
}

// checkAnswer is the oracle: by encoding/json, the answer to body is its video object byte for
// byte, but for the src strings, each of which is a URL that verifies and leads to the src.
func checkAnswer(body, answer []byte, client netip.Addr) error {
	var in map[string]json.RawMessage
	if err := json.Unmarshal(body, &in); err != nil {
		return fmt.Errorf("encoding/json refuses the body: %w", err)
	}
	ins, err := rawSources(in["video"])
	if err != nil {
		return fmt.Errorf("the body's video: %w", err)
	}
	outs, err := rawSources(answer)
	if err != nil {
		return fmt.Errorf("the answer: %w", err)
	}
	if len(ins) != len(outs) {
		return fmt.Errorf("%d sources became %d", len(ins), len(outs))
	}
	var restored []byte
	rest := answer
	for i := range ins {
		before, after, found := bytes.Cut(rest, outs[i])
		if !found {
			return fmt.Errorf("source %d is not in the answer in its place", i)
		}
		restored = append(append(restored, before...), ins[i]...)
		rest = after
		var src, url string
		if json.Unmarshal(ins[i], &src) != nil || json.Unmarshal(outs[i], &url) != nil {
			return fmt.Errorf("source %d is not a string", i)
		}
		origin, _, err := verifyURL(url, client)
		if err != nil {
			return err
		}
		want := encode(src)
		_, fragment, _ := strings.Cut(want, "#")
		// A path is served in one spelling, and a query as it is signed; that of an exact path ends
		// at the token.
		path, query, _ := strings.Cut(strings.SplitN(want, "#", 2)[0], "?")
		want = string(uri.AppendPath(nil, []byte(path)))
		if query != "" {
			want += "?" + string(uri.AppendQuery(nil, []byte(query)))
		}
		if origin, _, _ = strings.Cut(origin, "#"); origin != want {
			return fmt.Errorf("source %d: %q leads to %q, fragment %q", i, src, origin, fragment)
		}
	}
	if restored = append(restored, rest...); !bytes.Equal(restored, in["video"]) {
		return fmt.Errorf("other bytes changed:\n%s\n%s", in["video"], restored)
	}
	return nil
}

// encode percent-encodes the bytes that RFC 3986 gives no URI.
func encode(src string) string {
	const unreserved, reserved = "-._~", ":/?#@!$&'()*+,;="
	var b strings.Builder
	for _, c := range []byte(src) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9',
			strings.IndexByte(unreserved+reserved+"%", c) >= 0:
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

// rawSources are the src strings of a video object as they are spelled.
func rawSources(video []byte) ([]json.RawMessage, error) {
	var v map[string]json.RawMessage
	if err := json.Unmarshal(video, &v); err != nil {
		return nil, err
	}
	var sources []map[string]json.RawMessage
	if err := json.Unmarshal(v["sources"], &sources); err != nil {
		return nil, err
	}
	var raw []json.RawMessage
	for _, s := range sources {
		raw = append(raw, s["src"])
	}
	return raw, nil
}
