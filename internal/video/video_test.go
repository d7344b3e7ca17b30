package video_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"videotoken/internal/video"
)

func document(sources string) string { return `{"video":{"sources":[` + sources + `]}}` }

func TestAccepted(t *testing.T) {
	s := newSigner(t)
	for name, body := range map[string]string{
		"the seed":         seed,
		"PHP's escapes":    php,
		"deep and unknown": deep,
		"256 sources":      string(withSources(256)),
		"64 KiB":           string(bytesOf(64 << 10)),
		"spaces everywhere": " \t\r\n{ \"x\" : 1 , \"video\" : { \"sources\" : [ { \"src\" : \"/a\" " +
			"} , { \"src\" : \"/b\" } ] , \"n\" : 1 } } \n",
		"sources first":        `{"video":{"sources":[{"src":"/a"}],"videoId":"1"}}`,
		"escaped names":        `{"\u0076ideo":{"s\u006furces":[{"\u0073rc":"/a","typ\u0065":"video/mp4"}]}}`,
		"query":                document(`{"src":"/a.mp4?x=1&y=%20"}`),
		"empty query":          document(`{"src":"/a.mp4?"}`),
		"fragment":             document(`{"src":"/a.mp4#t=10"}`),
		"query and fragment":   document(`{"src":"/a.mp4?x#t=10?y"}`),
		"quote and backslash":  document(`{"src":"/a\"b.mp4?c\\d\"#\\"}`),
		"null type":            document(`{"src":"/a.mp4","type":null}`),
		"playlist with query":  document(`{"src":"/a/b.m3u8?x=1#y"}`),
		"other case of a name": `{"video":{"Sources":1,"sources":[{"src":"/a","SRC":5}]},"Video":2}`,
		"tokens as names":      document(`{"src":"/a.mp4?tokens=1&xtoken=2"}`),
		"raw UTF-8":            document(`{"src":"/é/日本.mp4"}`),
		"brackets and more": document(`{"src":"/film[1080p]|^{x}` +
			"`" + ` <y>.mp4?a[]=1&b=|{}#[x]"}`),
		"15 directories": document(`{"src":"/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/a.mpd"}`),
	} {
		t.Run(name, func(t *testing.T) {
			out, maxAge, err := s.Append([]byte("kept"), []byte(body), now)
			if err != nil {
				t.Fatal(err)
			}
			if string(out[:4]) != "kept" || maxAge != 21800 {
				t.Errorf("starts with %q, max-age %d", out[:4], maxAge)
			}
			if err := checkAnswer([]byte(body), out[4:], netip.Addr{}); err != nil {
				t.Error(err)
			}
		})
	}
}

// bytesOf is a document of exactly n bytes, most of them in one string.
func bytesOf(n int) []byte {
	const head, tail = `{"video":{"sources":[{"src":"/a"}],"x":"`, `"}}`
	return []byte(head + strings.Repeat(`\n`, (n-len(head)-len(tail))/2) + strings.Repeat("x",
		(n-len(head)-len(tail))%2) + tail)
}

func TestPlaylists(t *testing.T) {
	s := newSigner(t)
	for _, c := range []struct {
		source string
		inPath bool
	}{
		{`"src":"/a/b.m3u8"`, true},
		{`"src":"/a/b.mpd"`, true},
		{`"src":"/a/b.%6dpd"`, true},
		{`"src":"/a/b.m3u8","type":""`, true},
		{`"src":"/a/b","type":"Application/VND.apple.mpegURL"`, true},
		{`"src":"/a/b","type":"application/x-mpegurl ; charset=utf-8"`, true},
		{`"src":"/a/b","type":"audio/mpegurl"`, true},
		{`"src":"/a/","type":"application\/dash+xml"`, true},
		{`"src":"/a/b.m3u8","type":"video/mp4"`, true},
		{`"src":"/a/b.mp4"`, false},
		{`"src":"/a/b","type":"application/dash+xm"`, false},
	} {
		out, _, err := s.Append(nil, []byte(document("{"+c.source+"}")), now)
		if err != nil || strings.Contains(string(out), base+"/~") != c.inPath ||
			strings.Contains(string(out), "?token=") == c.inPath {
			t.Errorf("%s: %s, %v", c.source, out, err)
		}
	}
}

func TestRefused(t *testing.T) {
	s := newSigner(t)
	long := `{"src":"/a"}` + strings.Repeat(`,{"src":"/a"}`, 256)
	for _, c := range []struct{ name, body, pointer, detail string }{
		{"empty", ``, "", "is empty"},
		{"spaces", "  \n", "", "ends too early"},
		{"cut off", seed[:len(seed)-3], "/video/sources/1", "ends too early"},
		{"an array", `[]`, "", "not an array"},
		{"a number", `12`, "", "not a number"},
		{"null", `null`, "", "not null"},
		{"a string", `"video"`, "", "not a string"},
		{"text after", seed + `x`, "", "text after the object"},
		{"two objects", seed + `{}`, "", "text after the object"},
		{"trailing comma", `{"video":{},}`, "", "not valid JSON"},
		{"single quotes", `{'video':1}`, "", "not valid JSON"},
		{"comment", `{/**/}`, "", "not valid JSON"},
		{"NaN", `{"video":NaN}`, "/video", "not valid JSON"},
		{"leading zero", `{"video":{"n":01}}`, "/video/n", "not valid JSON"},
		{"byte order mark", "\ufeff" + seed, "", "not valid JSON"},
		{"control character", "{\"video\":\"\n\"}", "/video", "not valid JSON"},
		{"invalid UTF-8", "{\"video\":{\"title\":\"\xff\"}}", "/video/title", "UTF-8"},
		{"overlong UTF-8", "{\"video\":{\"title\":\"\xc0\xaf\"}}", "/video/title", "UTF-8"},
		{"lone surrogate", `{"video":{"title":"\ud800"}}`, "/video/title", "surrogate"},
		{"duplicate at the top", `{"video":{},"video":{}}`, "/video", "twice"},
		{"duplicate in the video", `{"video":{"sources":[],"sources":[]}}`, "/video/sources", "twice"},
		{"duplicate through an escape", document(`{"src":"/a","\u0073rc":"/b"}`), "/video/sources/0/src",
			"twice"},
		{"duplicate in the unknown", `{"video":{"x":[{"y":{"a":1,"a":2}}]}}`, "/video/x/0/y/a", "twice"},
		{"nested too deep", `{"video":` + strings.Repeat("[", 11000), "", ""},
		{"no video", `{"Video":{}}`, "/video", `no member "video"`},
		{"video null", `{"video":null}`, "/video", "not null"},
		{"video an array", `{"video":[]}`, "/video", "not an array"},
		{"no sources", `{"video":{}}`, "/video/sources", `no member "sources"`},
		{"sources null", `{"video":{"sources":null}}`, "/video/sources", "not null"},
		{"sources an object", `{"video":{"sources":{}}}`, "/video/sources", "not an object"},
		{"no source", document(``), "/video/sources", "at least one"},
		{"257 sources", document(long), "/video/sources/256/src", "256"},
		{"a source that is a string", document(`{"src":"/a"},"/b"`), "/video/sources/1", "not a string"},
		{"no src", document(`{"src":"/a"},{"Src":"/b"}`), "/video/sources/1/src", `no member "src"`},
		{"src a number", document(`{"src":1}`), "/video/sources/0/src", "not a number"},
		{"src true", document(`{"src":true}`), "/video/sources/0/src", "not a boolean"},
		{"src empty", document(`{"src":""}`), "/video/sources/0/src", "absolute path"},
		{"src relative", document(`{"src":"a.mp4"}`), "/video/sources/0/src", "absolute path"},
		{"src of another host", document(`{"src":"https://evil.example/a"}`), "/video/sources/0/src",
			"a URL of a configured CDN"},
		{"src without a scheme", document(`{"src":"//evil.example/a"}`), "/video/sources/0/src",
			"a URL of a configured CDN"},
		{"src dot-dot", document(`{"src":"/a/../b"}`), "/video/sources/0/src", "canonical"},
		{"src encoded slash", document(`{"src":"/a%2Fb"}`), "/video/sources/0/src", "canonical"},
		{"src escaped line feed", document(`{"src":"/a\nb"}`), "/video/sources/0/src", "canonical"},
		{"src backslash", document(`{"src":"\\\\evil.example"}`), "/video/sources/0/src",
			"absolute path"},
		{"line feed in the query", document(`{"src":"/a?\n"}`), "/video/sources/0/src",
			"control character"},
		{"line feed in the fragment", document(`{"src":"/a#\u0000"}`), "/video/sources/0/src",
			"control character"},
		{"stray % in the query", document(`{"src":"/a?x=%zz"}`), "/video/sources/0/src",
			"does not start an encoded byte"},
		{"% at the end of the query", document(`{"src":"/a?x=%4"}`), "/video/sources/0/src",
			"does not start an encoded byte"},
		{"URL too long", document(`{"src":"/` + strings.Repeat("a", 8160) + `"}`), "/video/sources/0/src",
			"8192 bytes at most"},
		{"URL too long when encoded", document(`{"src":"/` + strings.Repeat("é", 1400) + `"}`),
			"/video/sources/0/src", "8192 bytes at most"},
		{"token in the query", document(`{"src":"/a?x=1&token=2"}`), "/video/sources/0/src", "token"},
		{"token without a value", document(`{"src":"/a?token"}`), "/video/sources/0/src", "token"},
		{"encoded token in the query", document(`{"src":"/a?t%6Fken=2"}`), "/video/sources/0/src",
			"token"},
		{"token in the path", document(`{"src":"/~a/b"}`), "/video/sources/0/src", "token"},
		{"encoded token in the path", document(`{"src":"/%7ea/b"}`), "/video/sources/0/src", "token"},
		{"type a number", document(`{"src":"/a"},{"src":"/a","type":1}`), "/video/sources/1/type",
			"not a number"},
		{"playlist at the root", document(`{"src":"/a.m3u8"}`), "/video/sources/0/src", "root"},
		{"playlist too deep", document(`{"src":"/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/a.mpd"}`),
			"/video/sources/0/src", "15 directories"},
	} {
		t.Run(c.name, func(t *testing.T) { refuse(t, s, c.body, c.pointer, c.detail) })
	}
}

func refuse(t *testing.T, s *video.Signer, body, pointer, detail string) {
	t.Helper()
	out, _, err := s.Append([]byte("kept"), []byte(body), now)
	var e *video.Error
	if !errors.As(err, &e) || e.Pointer != pointer && detail != "" ||
		!strings.Contains(e.Detail, detail) {
		t.Fatalf("got %q, %v; want %s: ...%s...", out, err, pointer, detail)
	}
	if string(out) != "kept" {
		t.Fatalf("dst came back as %q", out)
	}
}

func TestOptions(t *testing.T) {
	s := newSigner(t)
	client := netip.MustParseAddr("2001:db8::7")
	sign := func(options string) (string, int64, error) {
		out, maxAge, err := s.Append(nil,
			[]byte(`{"token":`+options+`,"video":{"sources":[{"src":"/a.mp4"}]}}`), now)
		var v struct{ Sources []struct{ Src string } }
		if err == nil {
			err = json.Unmarshal(out, &v)
		}
		if err != nil {
			return "", 0, err
		}
		return v.Sources[0].Src, maxAge, nil
	}
	for options, want := range map[string]string{
		`{}`:            "2000011800 0 invalid Prefix false 0000000000000000 21800",
		`{"ttl":600}`:   "1999990650 0 invalid Prefix false 0000000000000000 650",
		`{"ttl":7}`:     "1999990007 0 invalid Prefix false 0000000000000000 7",
		`{"ttl":1}`:     "1999990001 0 invalid Prefix false 0000000000000000 1",
		`{"ttl":86400}`: "2000076300 0 invalid Prefix false 0000000000000000 86300",
		`{"notBefore":1999980000}`: "2000011800 1999980000 invalid Prefix false " +
			"0000000000000000 21800",
		`{"notBefore":0}`:      "2000011800 0 invalid Prefix false 0000000000000000 21800",
		`{"ip":"2001:db8::9"}`: "2000011800 0 2001:db8::/64 false 0000000000000000 21800",
		`{"ip":"2001:db8::\u0037/128"}`: "2000011800 0 2001:db8::7/128 false " +
			"0000000000000000 21800",
		`{"ip":"2001:DB8:1::/32"}`:            "2000011800 0 2001:db8::/32 false 0000000000000000 21800",
		`{"session":"00112233aabbCCDD"}`:      "2000011800 0 invalid Prefix true 00112233aabbccdd 21800",
		`{"session":"00112233aabbcc\u0064d"}`: "2000011800 0 invalid Prefix true 00112233aabbccdd 21800",
	} {
		url, maxAge, err := sign(options)
		if err != nil {
			t.Errorf("%s: %v", options, err)
			continue
		}
		_, v, err := verifyURL(url, client)
		c := v.Claims
		if got := fmt.Sprintf("%d %d %v %v %x %d", c.Expiry, c.NotBefore, c.IP, c.HasSession, c.Session,
			maxAge); err != nil || got != want {
			t.Errorf("%s: got %s, %v; want %s", options, got, err, want)
		}
	}
	for options, want := range map[string]string{
		`{"ip":"203.0.113.7"}`:              "203.0.113.7/32",
		`{"ip":"::ffff:203.0.113.7"}`:       "203.0.113.7/32",
		`{"ip":"203.0.113.200/24"}`:         "203.0.113.0/24",
		`{"ip":"::ffff:203.0.113.200/120"}`: "203.0.113.0/24",
		`{"ip":"0.0.0.0/0"}`:                "0.0.0.0/0",
	} {
		url, _, err := sign(options)
		if err != nil {
			t.Errorf("%s: %v", options, err)
			continue
		}
		if _, v, err := verifyURL(url, netip.MustParseAddr("203.0.113.7")); err != nil ||
			v.Claims.IP.String() != want {
			t.Errorf("%s: got %v, %v; want %s", options, v.Claims.IP, err, want)
		}
	}
	for _, c := range []struct{ options, pointer, detail string }{
		{`1`, "/token", "not a number"},
		{`null`, "/token", "not null"},
		{`{"TTL":1}`, "/token/TTL", "unknown"},
		{`{"a/b":1}`, "/token/a~1b", "unknown"},
		{`{"ttl":0}`, "/token/ttl", "from 1 to 86400"},
		{`{"ttl":-1}`, "/token/ttl", "from 1 to 86400"},
		{`{"ttl":86401}`, "/token/ttl", "from 1 to 86400"},
		{`{"ttl":1e3}`, "/token/ttl", "digits"},
		{`{"ttl":1.0}`, "/token/ttl", "digits"},
		{`{"ttl":99999999999999999999999}`, "/token/ttl", "from 1 to 86400"},
		{`{"ttl":"600"}`, "/token/ttl", "whole number"},
		{`{"ttl":null}`, "/token/ttl", "whole number"},
		{`{"ttl":[600]}`, "/token/ttl", "whole number"},
		{`{"notBefore":2000011801}`, "/token/notBefore", "not before the token's expiry"},
		{`{"notBefore":4294967296}`, "/token/notBefore", "whole number"},
		{`{"notBefore":-5}`, "/token/notBefore", "whole number"},
		{`{"ip":7}`, "/token/ip", "must be a string"},
		{`{"ip":""}`, "/token/ip", "must be a string"},
		{`{"ip":"203.0.113"}`, "/token/ip", "address"},
		{`{"ip":"203.0.113.7/33"}`, "/token/ip", "address"},
		{`{"ip":"203.0.113.07"}`, "/token/ip", "address"},
		{`{"ip":"fe80::1%eth0"}`, "/token/ip", "address"},
		{`{"ip":"::ffff:1.2.3.4/95"}`, "/token/ip", "address"},
		{`{"session":"00112233aabbccd"}`, "/token/session", "16 hexadecimal"},
		{`{"session":"00112233aabbccddee"}`, "/token/session", "16 hexadecimal"},
		{`{"session":"00112233aabbccdg"}`, "/token/session", "16 hexadecimal"},
		{`{"session":1122334455667788}`, "/token/session", "16 hexadecimal"},
	} {
		refuse(t, s, `{"token":`+c.options+`,"video":{"sources":[{"src":"/a.mp4"}]}}`, c.pointer,
			c.detail)
		refuse(t, s, `{"video":{"sources":[{"src":"/a.mp4"}]},"token":`+c.options+`}`, c.pointer,
			c.detail)
	}
	if _, _, err := s.Append(nil, []byte(seed), 1<<32-1); err == nil {
		t.Error("a token that expires after 2106 was signed")
	}
}
