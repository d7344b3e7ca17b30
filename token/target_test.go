package token_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"videotoken/internal/uri"
	"videotoken/token"
)

// TestAppendURI has what the vectors leave out about what is served.
func TestAppendURI(t *testing.T) {
	key := newKey(t, 7)
	exact := mint(t, key, token.Claims{Expiry: 2000000000}, "/d/a b")
	dir := mint(t, key, token.Claims{Expiry: 2000000000, Depth: 1}, "/d/x")
	for uri, want := range map[string]string{
		"/d/a%20b?token=E":            "/d/a%20b",
		"/d/a%20b?token=E&x=1":        "/d/a%20b",
		"/d/a%20b?token=E&":           "/d/a%20b",
		"/d/a%20b?&token=E":           "/d/a%20b",
		"/~E/d/a%20b?":                "/d/a%20b",
		"/~E/d/a%20b?x=1":             "/d/a%20b",
		"/d/x?token=D&":               "/d/x",
		"/d/x?&token=D":               "/d/x",
		"/d/x?&&token=D":              "/d/x?&",
		"/d/x?x=1&token=D&y=&&z":      "/d/x?x=1&y=&&z",
		"/d/x?CMCD=1&token=D&CMCD":    "/d/x",
		"/~D/d/x?":                    "/d/x",
		"/~D/d/x?x=1&y=2":             "/d/x?x=1&y=2",
		"/~D/d/x?x='&y=%27":           "/d/x?x=%27&y=%27",
		"/d/x?tokens=1&token=D&Token": "/d/x?tokens=1&Token",
	} {
		filled := strings.NewReplacer("token=E", "token="+exact, "~E", "~"+exact, "token=D", "token="+
			dir, "~D", "~"+dir).Replace(uri)
		v, err := token.Keys{key}.Verify(token.Request{URI: []byte(filled), Now: now})
		if got := string(v.AppendURI([]byte("kept:"))); err != nil || got != "kept:"+want {
			t.Errorf("%s: got %s, %v; want %s", uri, got, err, want)
		}
	}
}

// TestBase: a base path stands before the token, is not signed, and is served.
func TestBase(t *testing.T) {
	key := newKey(t, 7)
	text := mint(t, key, token.Claims{Expiry: 2000000000, Depth: 1}, "/hls/m.m3u8")
	for uri, want := range map[string]error{
		"/bucket/~" + text + "/hls/a.ts":           nil,
		"/bucket/hls/a.ts?token=" + text:           nil,
		"/~" + text + "/bucket/hls/a.ts":           token.ErrMissing,
		"/hls/a.ts?token=" + text:                  token.ErrPath,
		"/bucket2/hls/a.ts?token=" + text:          token.ErrPath,
		"/%62ucket/hls/a.ts?token=" + text:         token.ErrPath,
		"/bucket?token=" + text:                    token.ErrPath,
		"/bucket/bucket/hls/a.ts?token=" + text:    token.ErrSignature,
		"/bucket/../bucket/hls/a.ts?token=" + text: token.ErrPath,
	} {
		v, err := token.Keys{key}.Verify(token.Request{URI: []byte(uri), Base: "/bucket", Now: now})
		if !errors.Is(err, want) {
			t.Errorf("%s: got %v, want %v", uri, err, want)
		}
		if got := string(v.AppendURI(nil)); err == nil && got != "/bucket/hls/a.ts" {
			t.Errorf("%s: served %s", uri, got)
		}
	}
}

func TestSignedQuery(t *testing.T) {
	key := newKey(t, 7)
	claims := token.Claims{Expiry: 2000000000}
	sign := func(c token.Claims, query string) (string, error) {
		text, err := key.Append(nil, &c, token.Path("/d/a"), []byte(query))
		return string(text), err
	}
	for _, bad := range []string{"a=%", "a=%2", "a=%zz", "a=\x00", "a=\x7f"} {
		if text, err := sign(claims, bad); !errors.Is(err, token.ErrQuery) || text != "" {
			t.Errorf("%q: %s, %v", bad, text, err)
		}
	}
	plain, _ := sign(claims, "")
	quote, _ := sign(claims, "n=it's")
	escaped, _ := sign(claims, "n=it%27s")
	if quote != escaped || quote == plain {
		t.Errorf("%s, %s, %s", plain, quote, escaped)
	}
	claims.Depth = 1
	without, _ := sign(claims, "")
	if with, err := sign(claims, "n=1"); err != nil || with != without {
		t.Errorf("the query of a directory counts: %s, %s, %v", with, without, err)
	}
}

// TestAppendSpelled wants the same token for a query as it came, and as it is spelled after it in
// the buffer that gets the token.
func TestAppendSpelled(t *testing.T) {
	key := newKey(t, 7)
	claims := token.Claims{Expiry: 2000000000}
	for _, query := range []string{"", "a=b", "x='&y=<\xc3\xa9>", "%41%7e", "?"} {
		path := token.Path("/d/a")
		want, err := key.Append(nil, &claims, path, []byte(query))
		dst := uri.AppendQuery([]byte("/d/a?"), []byte(query))
		n := len(dst)
		dst, err2 := key.AppendSpelled(dst, &claims, path, dst[len("/d/a?"):])
		if got := dst[n:]; err != nil || err2 != nil || string(got) != string(want) {
			t.Errorf("%q: got %s, %v; want %s, %v", query, got, err2, want, err)
		}
	}
}

// TestSplit has what the vectors leave out about where a token may stand.
func TestSplit(t *testing.T) {
	key := newKey(t, 7)
	text := mint(t, key, token.Claims{Expiry: 2000000000}, "/a")
	for uri, want := range map[string]error{
		"/a?token=" + text:                       nil,
		"":                                       token.ErrMissing,
		"/a?":                                    token.ErrMissing,
		"/a?TOKEN=" + text:                       token.ErrMissing,
		"/a?%74oken=" + text:                     token.ErrMissing,
		"/a?token":                               token.ErrMalformed,
		"/a?token&token=" + text:                 token.ErrAmbiguous,
		"/a?token=" + text + "#":                 token.ErrMalformed,
		"/a?token=" + text + "&#":                token.ErrPath,
		"/a?token=" + text + "&%":                token.ErrPath,
		"/a?token=" + text + "&\xff":             token.ErrPath,
		"/a?token=" + text + "& ":                token.ErrPath,
		"/%7e" + text + "/a":                     nil,
		"/%7E" + text + "/a":                     nil,
		"/%7Ex/a?token=" + text:                  token.ErrAmbiguous,
		"/a?token=" + strings.Repeat("MAAA", 99): token.ErrVersion,
		"/a?token=" + strings.Repeat("MAAA", 99) + "=": token.ErrMalformed,
		"/a?token=" + strings.Repeat("EP8A", 99):       token.ErrMalformed,
		"/a#?token=" + text:                            token.ErrPath,
		"/~" + text:                                    token.ErrPath,
		"/~" + text + "?x":                             token.ErrPath,
		"/~/a":                                         token.ErrMalformed,
		"/~x/a?token=" + text:                          token.ErrAmbiguous,
		"a?token=" + text:                              token.ErrPath,
		"http://host/a?token=" + text:                  token.ErrPath,
		"/a?token=" + strings.Repeat("A", 4000):        token.ErrVersion,
	} {
		if err := verify(uri, key); !errors.Is(err, want) {
			t.Errorf("%q: got %v, want %v", uri, err, want)
		}
	}
	if token.Reason(nil) != "" || token.Reason(errors.New("x")) != "" ||
		token.Reason(fmt.Errorf("y: %w", token.ErrIP)) != "ip" {
		t.Error("Reason")
	}
}
