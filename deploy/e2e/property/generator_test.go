package property

import (
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"

	"videotoken/token"
)

// request is what a verifier is asked.
type request struct {
	Target  []byte   `json:"target"`
	Now     int64    `json:"now"`
	Leeway  int64    `json:"leeway"`
	IP      string   `json:"ip"`
	Revoked []string `json:"revoked"`
	Base    string   `json:"base"`
}

// generator makes requests at random: signed URLs, most of them changed afterwards. Letters,
// escapes and parameters that verifiers could read in two ways are frequent.
type generator struct {
	*rand.Rand
	keys []*token.Key // those that the verifiers have, and at the end one that they do not have
}

// chance is true in n of 100 calls.
func (g generator) chance(n int) bool { return g.IntN(100) < n }

// pick returns one of several things.
func pick[T any](g generator, from ...T) T { return from[g.IntN(len(from))] }

const now = 1_999_990_000

func (g generator) request() request {
	path, query := g.path(), g.query()
	canonical, err := token.Canonical(nil, []byte(path))
	if err != nil {
		path = "/hls/bbb/a.ts" // it is not signed, and may be asked for all the same
		canonical = token.Path(path)
	}
	claims := g.claims(canonical)
	if strings.ContainsFunc(query, func(r rune) bool { return r < 0x20 || r == 0x7F }) ||
		strings.Contains(query, "%z") {
		query = "end=30" // such a query cannot be signed
	}
	text, err := pick(g, g.keys...).Append(nil, &claims, canonical, []byte(query))
	if err != nil {
		panic(err)
	}
	t := string(text)
	if g.chance(12) {
		t = g.mutateToken(t)
	}
	if g.chance(60) {
		path = g.respell(string(canonical))
	}
	if g.chance(8) {
		path = g.path()
	}
	r := request{Now: g.now(claims), Leeway: pick[int64](g, 0, 10, 10, 300), IP: g.ip(claims.IP),
		Revoked: g.revoked(claims)}
	if g.chance(20) {
		r.Base = pick(g, "/films", "/a/b", "/~x")
	}
	target := g.place(path, query, t, claims.Depth)
	switch {
	case r.Base == "" || g.chance(90):
		target = r.Base + target
	default:
		target = pick(g, "/other", "/films2", "/%66ilms", "/films/", "") + target
	}
	if g.chance(12) {
		target = g.mutate(target)
	}
	if g.chance(2) {
		target = g.lengthen(target)
	}
	r.Target = []byte(target)
	return r
}

// segments are parts of paths. The strange ones are at the end.
var segments = []string{
	"hls", "bbb", "film.mp4", "seg-1.ts", "a", "v", "720p", "my film", "été", "日本", "(b)!*'$&,=:@",
	"a+b", "a;b",
	"[x]", "a|b^c{d}`e", "...", ".a", "..a", "a..", "a%20", "%41%2b%3B", "~x", "%7Ex", "a;..", "a;",
	"😀", "\u00a0", "\ufeff",
	".", "..", "%2e", ".%2E", "..;", ".;x", "..%20", ". ", ";x", "", " ", "%20", "%2f", "a%5cb", `a\b`,
	"%25", "%", "%4",
	"%zz", "%00", "a%0d%0a", "\x01", "\x7f", "%7f", "\xff", "%ff", "%c0%ae", "\xc3%A9", "%ed%a0%80",
	"\xed\xa0\x80", `a"b`, "<", "a#b",
}

const plainSegments = 28 // of segments: no path is refused for them

func (g generator) path() string {
	var b strings.Builder
	strange := g.chance(15)
	for range 1 + g.IntN(4) + g.IntN(2)*g.IntN(16) {
		n := plainSegments
		if strange && g.chance(40) {
			n = len(segments)
		}
		b.WriteString("/" + segments[g.IntN(n)])
	}
	if g.chance(10) {
		b.WriteByte('/')
	}
	path := b.String()
	if strings.HasPrefix(path, "/~") || strings.HasPrefix(path, "/%7E") {
		return "/v" + path // else its first segment is a token
	}
	return path
}

func (g generator) query() string {
	if g.chance(50) {
		return ""
	}
	var all []string
	for range 1 + g.IntN(3) {
		all = append(all, pick(g, "end=30", "q=360", "a=%5b1%5d", "a=[1]", "n=it's", "n=it%27s",
			"_HLS_msn=273", "", "a=b?c", "x=é", "x=|{2}^`",
			`b=\`, "a;token=z", "tokens=1", "%74oken=1", "token[]=y", "Token=1", "CMCD=bl%3D2100", "CMCD",
			"cmcd=1", "CMCD-Request=y", "%43MCD=z",
			"c=%0a%ff", "d=/..//:@", "e=a+b", "f=%zz", "g=\x01", "h=<"))
	}
	return strings.Join(all, "&")
}

func (g generator) claims(p token.Path) token.Claims {
	c := token.Claims{Expiry: now + uint32(g.IntN(40)) - 10}
	if g.chance(3) {
		c.Expiry = pick[uint32](g, 0, 1, 1<<31, 1<<32-1)
	}
	if g.chance(50) {
		c.Depth = g.IntN(min(p.Dirs(), token.MaxDepth) + 1)
	}
	if g.chance(20) {
		c.NotBefore = now + uint32(g.IntN(40)) - 30
	}
	if g.chance(30) {
		addr := g.address()
		c.IP = netip.PrefixFrom(addr, g.IntN(addr.BitLen()+1))
	}
	if g.chance(40) {
		c.HasSession, c.Session = true, [8]byte{0, byte(g.IntN(4)), 0xAB}
	}
	if g.chance(20) {
		c.RenewableUntil, c.TTL = g.Uint32(), g.Uint32()
	}
	return c
}

func (g generator) now(c token.Claims) int64 {
	switch g.IntN(10) {
	case 0:
		return int64(c.Expiry) + int64(g.IntN(25)) - 5
	case 1:
		return int64(c.NotBefore) - int64(g.IntN(25)) + 5
	}
	return now
}

func (g generator) address() netip.Addr {
	b := [16]byte{0x20, 0x01, 0x0d, 0xb8}
	for i := 8; i < 16; i++ {
		b[i] = byte(g.Uint32())
	}
	if g.chance(50) {
		return netip.AddrFrom4([4]byte(b[8:12]))
	}
	return netip.AddrFrom16(b)
}

// ip returns an address, mostly one in the network, in one of the spellings there are, or what is
// not one.
func (g generator) ip(network netip.Prefix) string {
	addr := g.address()
	if network.IsValid() && g.chance(80) {
		addr = network.Addr()
	}
	text := addr.String()
	switch g.IntN(20) {
	case 0:
		return ""
	case 1:
		return text + pick(g, "%eth0", ":80", " ", "/24", ", 1.2.3.4", ".", ":", "%")
	case 2:
		return pick(g, " ", "[", "0", "::", "0x", "::ffff:", "::", "1:") + text
	case 3:
		return pick(g, addr.StringExpanded(), strings.ToUpper(text))
	case 4:
		return netip.AddrFrom16(addr.As16()).String() // IPv4-mapped
	case 5:
		i := g.IntN(len(text))
		return text[:i] + pick(g, "", ":", "::", ".", "0", "00", "1", "f", "g", "é") + text[i+g.IntN(2):]
	}
	return text
}

func (g generator) revoked(c token.Claims) []string {
	all := []string{"00112233aabbccdd"}
	if g.chance(10) {
		all = append(all, hex.EncodeToString(c.Session[:]))
	}
	return all
}

// respell writes each byte of a canonical path in one of the ways there are.
func (g generator) respell(canonical string) string {
	var b strings.Builder
	rate := pick(g, 2, 10, 50)
	for i := range len(canonical) {
		switch c := canonical[i]; {
		case c != '/' && (g.chance(rate) || c == '?' || c == '#' || c == ' ' && g.chance(98)):
			fmt.Fprintf(&b, pick(g, "%%%02x", "%%%02X"), c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// place puts a token where a verifier looks for it, or nearly so.
func (g generator) place(path, query, text string, depth int) string {
	if g.chance(2) {
		return path + "?" + query // without a token
	}
	if depth > 0 && g.chance(70) || g.chance(10) {
		if depth > 0 || g.chance(30) {
			path += "?" + query
		}
		if g.chance(3) {
			path += "&" + pick(g, "token", "token=", "token="+text, "token=x")
		}
		return pick(g, "/~", "/~", "/%7E", "/%7e", "/~", "/~", "/~~", "/%257E") + text + path
	}
	if query != "" || g.chance(5) {
		query += "&"
	}
	query += "token=" + text
	for g.chance(30) {
		query += "&" + pick(g, "CMCD=bl%3D21", "x=1", "", "end=3600", "token2=x", g.query())
	}
	if g.chance(2) {
		query += "&" + pick(g, "token", "token="+text)
	}
	if g.chance(2) {
		path = "/~user" + path
	}
	return path + "?" + query
}
