package scheme

import (
	"bytes"
	"encoding/hex"
	"testing"

	"videotoken/internal/uri"
	"videotoken/token"
)

const expiry = 2_000_000_000

// own are the options and keys of one CDN of each scheme, and of each preset of secure-link.
var own = func() map[string]struct {
	scheme  *Scheme
	key     Key
	options map[string]string
} {
	list := map[string]struct {
		scheme  *Scheme
		key     Key
		options map[string]string
	}{}
	secret := bytes.Repeat([]byte("k"), 32)
	for _, s := range All {
		key := Key{ID: "7", Secret: secret}
		options := map[string]string{}
		for _, o := range s.Options {
			options[o.Name] = o.Default
		}
		switch s {
		case googleCloudCDN:
			key = Key{ID: "my-key", Secret: secret[:16]}
		case googleMediaCDN:
			key.ID = "my-key"
		case cloudfront:
			key = Key{ID: "K2JCJMDEHXQW5F", Private: newCloudFrontTestKey()}
		case secureLink:
			for _, name := range presetNames() {
				list[s.Name+"/"+name] = struct {
					scheme  *Scheme
					key     Key
					options map[string]string
				}{s, Key{ID: "", Secret: []byte("enigma")},
					map[string]string{"preset": name, "validity": "1800", "unlimited": "true"}}
			}
			options["expression"], options["template"] = "$expires:$dir:$ip $secret",
				"$base/$token/$expires$wire"
		}
		list[s.Name] = struct {
			scheme  *Scheme
			key     Key
			options map[string]string
		}{s, key, options}
	}
	return list
}()

// newSigner makes the signer of one of own, with options of one's own.
func newSigner(tb testing.TB, name, url string, options ...string) Signer {
	tb.Helper()
	o, ok := own[name]
	if !ok {
		tb.Fatalf("no scheme %s", name)
	}
	all := map[string]string{}
	for k, v := range o.options {
		all[k] = v
	}
	for i := 0; i < len(options); i += 2 {
		all[options[i]] = options[i+1]
	}
	s, err := o.scheme.New(&CDN{URL: url, Keys: []Key{o.key}, Options: all,
		Signatures: testSignatures})
	if err != nil {
		tb.Fatalf("%s: %v", name, err)
	}
	return s
}

func source(tb testing.TB, src string) *uri.Source {
	tb.Helper()
	s := &uri.Source{}
	if _, err := s.Parse([]byte(src), nil); err != nil {
		tb.Fatalf("%q: %v", src, err)
	}
	return s
}

func sign(tb testing.TB, s Signer, src string, c token.Claims) string {
	tb.Helper()
	if c.Expiry == 0 {
		c.Expiry = expiry
	}
	out, err := appendMade(s, []byte("before "), source(tb, src), &c)
	if err != nil || !bytes.HasPrefix(out, []byte("before ")) {
		tb.Fatalf("%s: %s, %v", src, out, err)
	}
	return string(out[len("before "):])
}

func unhexString(tb testing.TB, s string) []byte {
	tb.Helper()
	out, err := hex.DecodeString(s)
	if err != nil {
		tb.Fatal(err)
	}
	return out
}
