package scheme

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/netip"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"videotoken/token"
)

type vector struct {
	Scheme, Name, Alg, Key, KeyID, KeyName, Signed, Out, URL string
	Hash, Policy, Signature                                  string
	Expires                                                  uint32
	In                                                       struct {
		URL, IP, TokenPath, Countries, CountriesBlocked string
		Directory, IgnoreParams                         bool
		Limit                                           int
	}
}

func vectors(tb testing.TB) (list []vector) {
	tb.Helper()
	data, err := os.ReadFile("testdata/vectors.json")
	if err != nil {
		tb.Fatal(err)
	}
	var all struct{ Vectors []vector }
	if err := json.Unmarshal(data, &all); err != nil {
		tb.Fatal(err)
	}
	if len(all.Vectors) != 65 {
		tb.Fatalf("%d vectors, want 65", len(all.Vectors))
	}
	return all.Vectors
}

// TestVectors drives the schemes with the public vectors: their URLs where a configuration can
// express the vector, else the function from fields to a token.
func TestVectors(t *testing.T) {
	drive := map[string]func(*testing.T, vector) string{
		"akamai": akamaiVector, "google-cloud-cdn": googleVector, "bunny": bunnyVector,
		"secure-link": linkVector,
		"alibaba":     presetVector, "tencent": presetVector, "cat": catVector,
		"cloudfront": cloudfrontVector, "google-media-cdn": mediaVector,
	}
	for _, s := range All {
		if drive[s.Name] == nil && !s.IsOwn() {
			t.Errorf("%s has no vectors", s.Name)
		}
	}
	driven := 0
	for _, v := range vectors(t) {
		f := drive[v.Scheme]
		if f == nil || strings.HasPrefix(v.Name, "token-") { // dual tokens are not built
			continue
		}
		driven++
		t.Run(v.Scheme+"/"+v.Name, func(t *testing.T) {
			want := v.Out
			if v.Scheme == "secure-link" && v.URL != "" {
				want = v.URL
			}
			switch {
			case v.Signature != "":
				want = v.Signature
			case v.Scheme == "google-media-cdn":
				want = strings.TrimSuffix(want, "==") // the CDN takes signatures with and without padding
			}
			if got := f(t, v); got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
	if driven != 57 {
		t.Errorf("%d vectors were driven", driven)
	}
}

// newFor makes the signer of a vector.
func newFor(t *testing.T, s *Scheme, url string, key Key, options map[string]string) Signer {
	t.Helper()
	signer, err := s.New(&CDN{URL: url, Keys: []Key{key}, Options: options})
	if err != nil {
		t.Fatal(err)
	}
	return signer
}

// akamaiVector: the vectors have keys of 3 bytes and lists that no configuration makes.
func akamaiVector(t *testing.T, v vector) string {
	newHash := sha256.New
	if v.Alg == "sha1" {
		newHash = sha1.New
	}
	a := &akamaiSigner{parameter: "p", macs: newHMAC(newHash, unhexString(t, v.Key))}
	m := a.macs.get()
	m.text = append(m.text, v.Signed...)
	return strings.TrimPrefix(string(a.appendToken(nil, m)), "p=")
}

var terms = regexp.MustCompile(`[?&]Expires=(\d+)`)

func googleVector(t *testing.T, v vector) string {
	secret, err := googleSecret(v.Key)
	if err != nil {
		t.Fatal(err)
	}
	key := Key{ID: v.KeyName, Secret: secret}
	expires := terms.FindStringSubmatch(v.Signed)
	if strings.HasPrefix(v.Out, "http") && expires != nil {
		at, err := strconv.ParseUint(expires[1], 10, 32)
		if err != nil {
			t.Fatal(err)
		}
		if scheme, rest, ok := strings.Cut(v.Out, "://"); ok {
			host, path, _ := strings.Cut(rest, "/")
			src := "/" + regexp.MustCompile(`[?&](URLPrefix|Expires)=.*`).ReplaceAllString(path, "")
			c := token.Claims{Expiry: uint32(at)}
			options := map[string]string{}
			if strings.HasPrefix(v.Signed, "URLPrefix=") {
				options["placement"] = "query"
				c.Depth = 1
			}
			if c.Depth == 0 || strings.Count(src, "/") > 1 { // the prefix of the root has no depth
				return sign(t, newFor(t, googleCloudCDN, scheme+"://"+host, key, options), src, c)
			}
		}
	}
	m := newHMAC(sha1.New, secret).get()
	m.text = append(m.text, v.Signed...)
	joint, before := "&", v.Signed
	if strings.Contains(v.Signed, ":Expires") {
		joint = ":"
	}
	if strings.HasPrefix(v.Out, "http") {
		before, _, _ = strings.Cut(v.Out, "&Signature=")
	}
	return string(appendBase64([]byte(before+joint+"Signature="), base64.URLEncoding, m.sum()))
}

// bunnyVector: vectors with countries, limits, or a token_path without a slash at its end are not
// in the configuration.
func bunnyVector(t *testing.T, v vector) string {
	host, path, _ := strings.Cut(strings.TrimPrefix(v.In.URL, "https://"), "/")
	path = "/" + path
	c := token.Claims{Expiry: v.Expires}
	if v.In.IP != "" {
		addr := netip.MustParseAddr(v.In.IP)
		c.IP = netip.PrefixFrom(addr, 32)
		if addr.Is6() {
			c.IP = netip.PrefixFrom(addr, 64)
		}
	}
	s := newFor(t, bunny, "https://"+host, Key{ID: "", Secret: []byte(v.Key)}, nil)
	extra := v.In.Countries + v.In.CountriesBlocked + v.In.TokenPath
	if extra == "" && !v.In.Directory && !v.In.IgnoreParams && v.In.Limit == 0 {
		return sign(t, s, path, c)
	}
	b := s.(*bunnySigner)
	m := b.macs.get()
	signed := path
	var names, values []string
	add := func(name, value string) {
		if value != "" {
			names, values = append(names, name), append(values, value)
		}
	}
	if v.In.Limit != 0 {
		add("limit", strconv.Itoa(v.In.Limit))
	}
	add("token_countries", v.In.Countries)
	add("token_countries_blocked", v.In.CountriesBlocked)
	if v.In.IgnoreParams {
		add("token_ignore_params", "true")
	}
	if add("token_path", v.In.TokenPath); v.In.TokenPath != "" {
		signed = v.In.TokenPath
	}
	m.text = appendBunny(m.text, []byte(signed), &c)
	parameters := ""
	for i, name := range names {
		if i > 0 {
			m.text = append(m.text, '&')
		}
		m.text = append(m.text, name+"="+values[i]...)
		parameters += "&" + name + "=" + string(appendComponent(nil, []byte(values[i])))
	}
	text := string(appendBunnyToken(nil, m, &c))
	at := strconv.FormatUint(uint64(v.Expires), 10)
	if v.In.Directory {
		return "https://" + host + "/bcdn_token=" + text + parameters + "&expires=" + at + path
	}
	return "https://" + host + path + "?token=" + text + parameters + "&expires=" + at
}

func linkVector(t *testing.T, v vector) string {
	switch {
	case v.Name == "nginx-docs":
		s := newFor(t, secureLink, "https://a.example", Key{ID: "", Secret: []byte("secret")},
			map[string]string{"preset": "nginx"})
		return strings.TrimPrefix(sign(t, s, "/s/link", token.Claims{Expiry: 2147483647,
			IP: netip.MustParsePrefix("127.0.0.1/32")}), "https://a.example")
	case v.Name == "cdn77-docs":
		s := newFor(t, secureLink, "https://a.example", Key{ID: "", Secret: []byte("l33tf0olol")},
			map[string]string{"preset": "cdn77"})
		return strings.TrimPrefix(sign(t, s, "/images/photo.png", token.Claims{Expiry: 1333497600}),
			"https://a.example")
	case strings.HasPrefix(v.Name, "baseline"):
		path, secret, _ := strings.Cut(v.Signed, "?secret=")
		s := newFor(t, secureLink, "https://a.example", Key{ID: "", Secret: []byte(secret)},
			map[string]string{"preset": "baseline", "unlimited": "true"})
		return strings.TrimPrefix(sign(t, s, path, token.Claims{}), "https://a.example")
	}
	l := &secureLinkSigner{digest: "base64url"}
	m := newMACs(md5.New).get()
	m.text = append(m.text, v.Signed...)
	return string(l.appendDigest(nil, m.sum()))
}

// presetVector: types A have a random number of their own, and the secrets end in a digit, which
// the configuration refuses beside a time.
func presetVector(t *testing.T, v vector) string {
	name := v.Scheme + "-" + strings.ToLower(strings.TrimSuffix(v.Name, "2"))
	if v.Name == "C2" || v.Name == "C1" {
		name = v.Scheme + "-" + strings.ToLower(v.Name)
	}
	p, ok := presets[name]
	if !ok {
		t.Fatalf("no preset %s", name)
	}
	url, rest := "", v.Out
	if strings.HasPrefix(rest, "http") {
		host, _, _ := strings.Cut(rest[len("http://"):], "/")
		url = "http://" + host
	}
	path := regexp.MustCompile(`/[A-Za-z0-9/]+\.(html|mp4|flv|jpg)`).FindString(v.Signed)
	if !strings.Contains(p.expression, "$rand") {
		s := &secureLinkSigner{origin: url, secret: v.Key, digest: p.digest, validity: 1800,
			sums: newMACs(md5.New)}
		s.expression, _ = parse(p.expression)
		s.template, _ = parse(p.template)
		var at int64
		switch name {
		case "tencent-b":
			at = 1582791000 // 16:10 at UTC+8
		case "tencent-d":
			at = 1582791032
		default:
			at, _ = strconv.ParseInt("55CE8100", 16, 64)
		}
		return sign(t, s, path, token.Claims{Expiry: uint32(at + 1800)})
	}
	m := newMACs(md5.New).get()
	m.text = append(m.text, v.Signed...)
	sum := (&secureLinkSigner{digest: p.digest}).appendDigest(nil, m.sum())
	before, _, _ := strings.Cut(v.Out, hex.EncodeToString(m.sum()))
	return before + string(sum)
}

// catVector: the vectors have claims in another order, and of other kinds.
func catVector(t *testing.T, v vector) string {
	s := newFor(t, cat, "https://a.example", Key{ID: v.KeyID, Secret: unhexString(t, v.Key)},
		map[string]string{"parameter": "x"}).(*catSigner)
	raw, err := base64.RawURLEncoding.DecodeString(v.Out)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(string(raw), string(s.head)) {
		t.Fatalf("the head is %x, want %x", s.head, raw[:len(s.head)])
	}
	payload := raw[len(s.head) : len(raw)-32-2]
	if payload[0] == 0x58 {
		payload = payload[2:]
	} else {
		payload = payload[1:]
	}
	m := s.macs.get()
	m.part = append(m.part, payload...)
	return base64.RawURLEncoding.EncodeToString(appendCOSE(nil, s.head, m))
}
