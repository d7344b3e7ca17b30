package server

import (
	"strings"
	"testing"
)

// connectionSeed is what FuzzConnection starts from.
type connectionSeed struct {
	raw, body, pieces []byte
	how               byte
}

// connectionSeeds are the short cases of testdata/wire, and documents of every kind.
func connectionSeeds(tb testing.TB) (all []connectionSeed) {
	add := func(raw, body string, pieces []byte, how byte) {
		all = append(all, connectionSeed{[]byte(raw), []byte(body), pieces, how})
	}
	for i, c := range wireCases(tb) {
		if len(c.raw) <= 2<<10 {
			add(c.raw, seed, []byte{byte(i), 200}, byte(i))
		}
	}
	for _, body := range []string{
		seed,
		`{"video":{"videoId":1,"sources":[{"src":"/a b?c=d#e","type":null},{"src":"/d/e.m3u8?x=1"}]}}`,
		`{"videos":[{"sources":[{"src":"/1"}]},` +
			`{"videoId":"2","sources":[{"src":"https://own.example.com/2.mp4"}]}],"other":[1.0e3,{}]}`,
		`{"token":{"ttl":600,"notBefore":1,"ip":"203.0.113.7","session":"00112233aabbccdd",` +
			`"renew":3600},"video":{"sources":[{"src":"\/\u0061"}]}}`,
		`{"token":{"scope":"/a/","cdn":"own","exclude":["exact"]},"video":{"sources":[{"src":"/a/b/c.mpd"}]}}`,
		`{"token":{"cdn":"slow"},"video":{"sources":[{"src":"/a/b/c.mpd"},{"src":"/é.mp4"}]}}`,
	} {
		for how := range byte(8) {
			raw := "\x02\x02GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n\x02"
			add(raw, body, []byte{40, 90, 250, 1}[:how/2], how<<4|how)
		}
	}
	for _, at := range []string{edgeExact, edgeBelow, edgeBound, edgeSession, edgeFilm} {
		const more = " HTTP/1.1\r\nHost: h\r\nX-Real-IP: 203.0.113.7\r\n\r\n"
		add("GET /verify/ext-authz/own"+at+more, seed, []byte{60}, 2)
		renew := post(`{"urls":["https://own.example.com` + at + `"]}`)
		add(strings.Replace(renew, "/video/token", "/video/renew", 1)+"\x02", seed, []byte{60}, 1)
	}
	return all
}
