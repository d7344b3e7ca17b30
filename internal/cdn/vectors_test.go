package cdn_test

import (
	"encoding/hex"
	"encoding/json"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"

	"videotoken/internal/cdn"
	"videotoken/token"
)

// vectors are the cases of the token's format that the command line can be asked about.
type vectors struct {
	Leeway int64
	Keys   []struct {
		ID      uint16
		Version int
		Secret  string
	}
	Accept, Reject []struct {
		Name, URI, Serve, IP, Reason string
		Now                          int64
		Keys                         []uint16
		Revoked                      []string
	}
}

// set makes a set of one CDN with the keys that have the given ids.
func (v *vectors) set(t *testing.T, ids []uint16) *cdn.Set {
	t.Helper()
	one := cdn.CDN{Name: "one", URL: "https://one.example", Weight: 1}
	for _, k := range v.Keys {
		if !slices.Contains(ids, k.ID) {
			continue
		}
		secret, err := token.ParseSecret(k.Secret)
		if err != nil {
			t.Fatal(err)
		}
		newKey := token.NewKey
		if k.Version == 2 {
			newKey = token.NewSHA256Key
		}
		key, err := newKey(k.ID, secret)
		if err != nil {
			t.Fatal(err)
		}
		one.Keys = append(one.Keys, key)
	}
	s, err := cdn.New(cdn.RoundRobin, []cdn.CDN{one})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestReadVectors: what the command line is told of every case of the vectors, by the CDN's name,
// without one, and as a whole URL.
func TestReadVectors(t *testing.T) {
	var v vectors
	b, err := os.ReadFile("../../token/testdata/vectors.json")
	if err != nil || json.Unmarshal(b, &v) != nil || len(v.Keys) == 0 || len(v.Accept) == 0 ||
		len(v.Reject) == 0 {
		t.Fatal("no vectors", err)
	}
	for _, c := range append(v.Accept, v.Reject...) {
		s := v.set(t, c.Keys)
		client, _ := netip.ParseAddr(c.IP) // not valid where there is none, or none to be read
		r := token.Request{Now: c.Now, Leeway: v.Leeway, Client: client,
			Revoked: func(session [8]byte) bool {
				return slices.Contains(c.Revoked, hex.EncodeToString(session[:]))
			}}
		for _, asked := range []struct{ name, url string }{
			{"one", c.URI}, {"", c.URI}, {"one", "https://one.example" + c.URI},
			{"", "https://one.example" + c.URI},
		} {
			r.URI = []byte(asked.url)
			says, err := s.Read(asked.name, r)
			if token.Reason(err) != c.Reason || (err == nil) != (c.Reason == "") ||
				err == nil && !strings.HasPrefix(says, "path        "+c.Serve+"\n") {
				t.Errorf("%s, %q %s: %v; want %s\n%s", c.Name, asked.name, asked.url, err, c.Reason,
					says)
			}
		}
	}
}
