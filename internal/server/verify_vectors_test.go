package server

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"videotoken/internal/cdn"
	"videotoken/internal/revoked"
	"videotoken/token"
)

// vectors are the cases of the token's format that a service can be asked about.
type vectors struct {
	Keys []struct {
		ID      uint16
		Version int
		Secret  string
	}
	Accept, Reject []struct {
		Name, URI, Serve, IP, Session, Reason string
		Now                                   int64
		Keys                                  []uint16
		Revoked                               []string
	}
}

func readVectors(t *testing.T) (v vectors) {
	t.Helper()
	b, err := os.ReadFile("../../token/testdata/vectors.json")
	if err != nil || json.Unmarshal(b, &v) != nil || len(v.Keys) == 0 || len(v.Accept) == 0 ||
		len(v.Reject) == 0 {
		t.Fatal("no vectors", err)
	}
	return v
}

// keys makes the keys with the given ids.
func (v vectors) keys(t *testing.T, ids []uint16) (keys token.Keys) {
	t.Helper()
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
		keys = append(keys, key)
	}
	return keys
}

// revoke opens a set with sessions that are revoked at a time.
func revoke(t *testing.T, sessions []string, now int64) *revoked.Set {
	t.Helper()
	set := openRevoked(t, revoked.Config{Now: func() time.Time { return time.Unix(now, 0) }})
	for _, text := range sessions {
		session, err := revoked.ParseSession([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if err := set.Revoke(t.Context(), session, now); err != nil {
			t.Fatal(err)
		}
	}
	return set
}

// TestVerifyVectors asks each family about every case of the vectors, over both transports.
func TestVerifyVectors(t *testing.T) {
	for _, transport := range []Transport{Auto, FastHTTP} {
		t.Run(string(transport), func(t *testing.T) { testVerifyVectors(t, transport) })
	}
}

func testVerifyVectors(t *testing.T, transport Transport) {
	v := readVectors(t)
	servers := map[string]string{} // addresses, by time, keys and what is revoked
	for _, c := range append(v.Accept, v.Reject...) {
		id := fmt.Sprint(c.Now, c.Keys, c.Revoked)
		if servers[id] == "" {
			settings := edgeSettings(t)
			settings.Signer = settingsFor(t, cdn.CDN{Name: "one", URL: "https://one.example", Weight: 1,
				Keys: v.keys(t, c.Keys)}).Signer
			settings.Transport = transport
			if len(c.Revoked) > 0 {
				settings.Revoked = revoke(t, c.Revoked, c.Now)
			}
			_, servers[id] = edgeServer(t, c.Now, settings)
		}
		for _, family := range families {
			t.Run(family.name+"/"+c.Name, func(t *testing.T) {
				target, header := "/verify/"+family.name+"/one", []string{}
				if c.IP != "" {
					header = append(header, "X-Real-IP: "+c.IP)
				}
				switch {
				case family.header == "":
					target += c.URI
				case family.isURL:
					header = append(header, family.header+": https://one.example"+c.URI)
				default:
					header = append(header, family.header+": "+c.URI)
				}
				res, _ := edgeAsk(t, servers[id], "GET", target, header...)
				got := res.Header
				switch {
				case c.Reason == "":
					if res.StatusCode != 200 || got.Get("X-Token-Path") != c.Serve ||
						got.Get("X-Token-Session") != c.Session {
						t.Errorf("%s %v; want %s", res.Status, got, c.Serve)
					}
				case strings.ContainsFunc(c.URI, func(r rune) bool { return r <= ' ' || r == 0x7F }):
					if res.StatusCode < 400 || res.StatusCode > 499 {
						t.Errorf("%s: HTTP may refuse it, and nothing may accept it", res.Status)
					}
				case got.Get("X-Token-Reason") != c.Reason ||
					(res.StatusCode == 401) != (c.Reason == "missing") || res.StatusCode/100 != 4:
					t.Errorf("%s %v; want %s", res.Status, got, c.Reason)
				}
			})
		}
	}
}
