package scheme

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"math/rand/v2"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"videotoken/internal/uri"
	"videotoken/token"
)

// verifyBunny decides as Bunny does whether a viewer may have a URL: over the path or token_path,
// the expiry, the address where the hash says that there is one, and the sorted, decoded
// parameters. It is written from the vendor's page.
func verifyBunny(raw string, client netip.Addr, now int64) bool {
	u, err := url.Parse(raw)
	if err != nil {
		return false
	}
	path, query := u.EscapedPath(), u.RawQuery
	if rest, ok := strings.CutPrefix(path, "/bcdn_token="); ok {
		fields, after, _ := strings.Cut(rest, "/")
		path, query = "/"+after, "token="+fields
	}
	parameters := map[string]string{}
	for _, p := range strings.Split(query, "&") {
		name, value, _ := strings.Cut(p, "=")
		n, err1 := url.PathUnescape(name)
		v, err2 := url.PathUnescape(value)
		if err1 != nil || err2 != nil {
			return false
		}
		parameters[n] = v
	}
	expires, err := strconv.ParseInt(parameters["expires"], 10, 64)
	if err != nil || expires < now {
		return false
	}
	mac, ok := strings.CutPrefix(parameters["token"], "HS256-")
	var address []byte
	if rest, bound := strings.CutPrefix(mac, "1-"); bound {
		mac = rest
		if address = client.AsSlice(); len(address) == 16 {
			clear(address[8:])
		}
	}
	signed := path
	if dir := parameters["token_path"]; dir != "" {
		if signed = dir; !strings.HasPrefix(path, dir) {
			return false
		}
	}
	var list []string
	for name, value := range parameters {
		if name != "token" && name != "expires" {
			list = append(list, name+"="+value)
		}
	}
	slices.Sort(list)
	h := hmac.New(sha256.New, secretKey)
	h.Write([]byte(signed + parameters["expires"] + string(address) + strings.Join(list, "&")))
	return ok && mac == base64.RawURLEncoding.EncodeToString(h.Sum(nil))
}

// TestBunnyHolder: who holds a URL cannot make it good for longer, for another path, or for another
// address, by moving what is hashed from one part into the next.
func TestBunnyHolder(t *testing.T) {
	s := newSigner(t, "bunny", "https://a.example")
	random := rand.New(rand.NewPCG(1, 1))
	paths := []string{"/s/1", "/s/film.7", "/s/x.mp4", "/s/17", "/s/a", "/s/d/x.m3u8", "/s/1/x.m3u8"}
	queries := []string{"", "?x=1", "?7x=1", "?b=2&a=1", "?x=%261", "?x=1%3D2"}
	signed := 0
	for range 20_000 {
		src := paths[random.IntN(len(paths))]
		c := token.Claims{Expiry: expiry}
		if strings.HasSuffix(src, "m3u8") {
			c.Depth = 1 + random.IntN(2)
		} else {
			src += queries[random.IntN(len(queries))]
		}
		client := netip.MustParseAddr("203.0.113.7")
		if random.IntN(2) == 0 {
			var four [4]byte
			for i := range four { // digits, and the "=" that separates a parameter's name and value
				four[i] = byte('0' + random.IntN(14))
			}
			client = netip.AddrFrom4(four)
			c.IP = netip.PrefixFrom(client, 32)
		}
		parsed := &uri.Source{}
		if _, err := parsed.Parse([]byte(src), nil); err != nil || s.Check(parsed, &c) != nil {
			continue
		}
		signed++
		raw := sign(t, s, src, c)
		if !verifyBunny(raw, client, expiry-1) {
			t.Fatalf("%s: refused", raw)
		}
		for _, attack := range bunnyAttacks(raw, client) {
			if verifyBunny(attack, netip.MustParseAddr("198.51.100.1"), expiry+1) ||
				c.IP.IsValid() && verifyBunny(attack, netip.MustParseAddr("198.51.100.1"), expiry-1) {
				t.Fatalf("%s is served, made from %s", attack, raw)
			}
		}
	}
	if signed < 1000 {
		t.Errorf("%d URLs were signed", signed)
	}
}

// bunnyAttacks returns what a holder can make of a URL by moving bytes.
func bunnyAttacks(raw string, client netip.Addr) (list []string) {
	expires := strconv.Itoa(expiry)
	// Digits at the end of the path, or at the beginning of a parameter's name, go to the expiry.
	path, query, _ := strings.Cut(strings.TrimPrefix(raw, "https://a.example"), "?")
	for n := 1; n < 3 && n < len(path); n++ {
		if strings.HasSuffix(path[:len(path)-n], ".mp") {
			continue // no file has such a name: that is why an extension with a letter is enough
		}
		list = append(list, "https://a.example"+path[:len(path)-n]+
			"?"+strings.Replace(query, "expires="+expires, "expires="+path[len(path)-n:]+expires, 1))
	}
	if i := strings.Index(query, "&7x"); i >= 0 {
		list = append(list, "https://a.example"+path+
			"?"+strings.Replace(strings.Replace(query, "&7x", "&x", 1), expires, expires+"7", 1))
	}
	// The address goes to the expiry, and to a parameter before all others.
	free := strings.Replace(raw, "HS256-1-", "HS256-", 1)
	address := string(client.AsSlice())
	for n := range len(address) + 1 {
		name, value, _ := strings.Cut(address[n:], "=")
		parameter := "&" + url.PathEscape(name) + "=" + url.PathEscape(value)
		if n == len(address) {
			parameter = ""
		}
		list = append(list,
			strings.Replace(free, "&expires="+expires, parameter+"&expires="+expires+address[:n], 1))
		if i := strings.Index(free, "&x="); i > 0 && n < len(address) {
			list = append(list, strings.Replace(free, "&x=", "&"+url.PathEscape(address[n:])+"x=", 1))
		}
	}
	return list
}

// TestHost: a host is signed as clients send it.
func TestHost(t *testing.T) {
	for name := range own {
		s := newSigner(t, name, "https://A.Example:443")
		plain := newSigner(t, name, "https://a.example")
		src := "/d/e/x.mp4"
		c := token.Claims{Expiry: expiry}
		if s.Check(source(t, src), &c) != nil {
			src, c.Depth = "/d/e/x.m3u8", 1
		}
		if _, isOwn := s.(*Own); isOwn {
			continue // whose tokens have no host
		}
		if got, want := sign(t, s, src, c), sign(t, plain, src, c); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

// TestTooLong: no scheme returns a URL that edges refuse for its length.
func TestTooLong(t *testing.T) {
	for name := range own {
		s := newSigner(t, name, "https://a.example")
		for _, long := range []string{"/" + strings.Repeat("a", uri.MaxTarget-60) + "/x.mp4",
			"/x/" + strings.Repeat("a/", uri.MaxTarget/2-60) + "x.m3u8"} {
			c := token.Claims{Expiry: expiry}
			if strings.HasSuffix(long, "m3u8") {
				c.Depth = 1
			}
			src := source(t, long)
			if Needs(src, &c)&^s.Can() != 0 || s.Check(src, &c) != nil {
				continue
			}
			out, err := appendMade(s, nil, src, &c)
			if err == nil && len(out) > uri.MaxTarget+len("https://a.example") {
				t.Errorf("%s: a URL of %d bytes", name, len(out))
			}
		}
		// What is long enough to be refused by all: the token makes it longer than the limit.
		src, c := source(t, "/"+strings.Repeat("a", uri.MaxTarget-10)+".mp4"),
			token.Claims{Expiry: expiry}
		if s.Check(src, &c) == nil {
			if _, err := appendMade(s, nil, src, &c); err == nil {
				t.Errorf("%s: a URL that is too long", name)
			}
		}
	}
}
