// Package differential has what the tests share that compare a scheme with its vendor's own signer:
// random sources signed by the scheme, and the program of Node.js that has the signer.
package differential

import (
	"errors"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"

	"videotoken/internal/scheme"
	"videotoken/internal/uri"
	"videotoken/token"
)

// Count is how many requests a test compares.
const Count = 500

// Request is one source with claims, as a scheme signed it.
type Request struct {
	Source *uri.Source
	Claims token.Claims
	URL    string
}

// letters are what random paths and queries are made of: what signers most often get wrong, too,
// such as the two forms of é.
var letters = []string{"a", "Z", "7", "-", "_", ".", "~", " ", "+", "'", "(", ")", "=", ",", ";",
	":", "@", "&", "$", "!", "%20", "%2B", "%27", "é", "e\u0301", "日本", "🎬", "%C3%A9", "\"", "<",
	"|", "^",
	"`", "{", "[", "]"}

func text(random *rand.Rand, n int) string {
	var b strings.Builder
	b.WriteString("x")
	for range random.IntN(n) {
		b.WriteString(letters[random.IntN(len(letters))])
	}
	return b.String() + "y"
}

// source draws a path of one to three directories, and a query for every other one.
func source(random *rand.Rand) (src string, directories int) {
	directories = 1 + random.IntN(3)
	for range directories {
		src += "/" + text(random, 6)
	}
	src += "/" + text(random, 10) + ".mp4"
	if random.IntN(2) == 0 {
		src += "?" + text(random, 4) + "=" + text(random, 12)
	}
	return src, directories
}

// Requests signs Count random sources. Claims are of the kinds that the signer can express. It
// counts the sources that the signer refuses: each is replaced.
func Requests(t *testing.T, signer scheme.Signer, random *rand.Rand) (list []Request, refused int) {
	t.Helper()
	for len(list) < Count {
		if refused > 100*Count {
			t.Fatalf("%d sources were refused, and %d signed", refused, len(list))
		}
		src, directories := source(random)
		r := Request{Source: new(uri.Source), Claims: claims(random, signer.Can(), directories)}
		_, err := r.Source.Parse([]byte(src), nil)
		if err != nil || scheme.Needs(r.Source, &r.Claims)&^signer.Can() != 0 ||
			signer.Check(r.Source, &r.Claims) != nil {
			refused++
			continue
		}
		out, err := Made(func() ([]byte, error) { return signer.Append(nil, r.Source, &r.Claims) })
		if err != nil {
			t.Fatalf("%s: %v", src, err)
		}
		r.URL = string(out)
		list = append(list, r)
	}
	return list, refused
}

// Made returns what sign returns, after it made the signature that sign misses.
func Made[T any](sign func() (T, error)) (T, error) {
	out, err := sign()
	var miss *scheme.Miss
	if errors.As(err, &miss) {
		if err := miss.Make(); err != nil {
			return out, err
		}
		return sign()
	}
	return out, err
}

// claims draws claims of the kinds that a signer can express.
func claims(random *rand.Rand, can scheme.Need, directories int) (c token.Claims) {
	c.Expiry = 1_700_000_000 + random.Uint32N(1_000_000_000)
	if can&scheme.Directory != 0 && random.IntN(2) == 0 {
		c.Depth = 1 + random.IntN(directories)
	}
	if can&scheme.Start != 0 && random.IntN(3) == 0 {
		c.NotBefore = c.Expiry - 1 - random.Uint32N(100_000)
	}
	if can&scheme.Session != 0 && random.IntN(3) == 0 {
		c.HasSession = true
		for i := range c.Session {
			c.Session[i] = byte(random.IntN(256))
		}
	}
	if random.IntN(2) == 0 {
		c.IP = network(random, can)
	}
	return c
}

// network draws a network of a kind that a signer can express. It is none if there is no such kind.
func network(random *rand.Rand, can scheme.Need) netip.Prefix {
	kinds := map[scheme.Need]func() int{
		scheme.IPv4:        func() int { return 32 },
		scheme.IPv4Prefix:  func() int { return 8 + random.IntN(24) },
		scheme.IPv6:        func() int { return 64 },
		scheme.IPv6Address: func() int { return 128 },
		scheme.IPv6Prefix:  func() int { return 32 + random.IntN(32) },
	}
	for range 20 { // a kind that the signer does not have is drawn again
		kind := scheme.IPv4 << random.IntN(5)
		if can&kind == 0 {
			continue
		}
		var sixteen [16]byte
		for i := range sixteen {
			sixteen[i] = byte(random.IntN(256)) &^ byte(255*random.IntN(2)) // runs of zeros, too
		}
		addr := netip.AddrFrom4([4]byte(sixteen[12:]))
		if kind != scheme.IPv4 && kind != scheme.IPv4Prefix {
			sixteen[0], sixteen[1] = 0x20, 0x01
			addr = netip.AddrFrom16(sixteen)
		}
		return netip.PrefixFrom(addr, kinds[kind]()).Masked()
	}
	return netip.Prefix{}
}
