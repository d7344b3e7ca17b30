package token_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"testing"

	"videotoken/token"
)

// vectors are the cases of testdata/vectors.json, which an independent implementation of
// docs/DESIGN.md made.
type vectors struct {
	Leeway int64
	Keys   []struct {
		ID        uint16
		Version   int
		Secret    string
		SecretHex string `json:"secret_hex"`
	}
	Mint []struct {
		Name, Path, Query, IP, Session, Token  string
		Key                                    uint16
		Expiry, NotBefore, RenewableUntil, TTL uint32
		Depth                                  int
		Prefix                                 *int
	}
	Accept, Reject []vector
	Canonical      []struct {
		Path         string
		CanonicalHex string `json:"canonical_hex"`
		Error        string
	}
}

// vector is a request that is accepted or refused.
type vector struct {
	Name, URI, Path, Serve, IP, Session, Reason string
	Now                                         int64
	Keys                                        []uint16
	Key                                         uint16
	Expiry, RenewableUntil, TTL                 uint32
	Depth                                       int
	Revoked                                     []string
}

func loadVectors(tb testing.TB) (v vectors) {
	tb.Helper()
	b, err := os.ReadFile("testdata/vectors.json")
	if err != nil {
		tb.Fatal(err)
	}
	if err := json.Unmarshal(b, &v); err != nil {
		tb.Fatal(err)
	}
	if len(v.Keys) == 0 || len(v.Mint) == 0 || len(v.Accept) == 0 || len(v.Reject) == 0 ||
		len(v.Canonical) == 0 {
		tb.Fatal("testdata/vectors.json lacks a part")
	}
	return v
}

func (v vectors) keys(tb testing.TB) map[uint16]*token.Key {
	tb.Helper()
	m := map[uint16]*token.Key{}
	for _, k := range v.Keys {
		secret, err := token.ParseSecret(k.Secret)
		if err != nil {
			tb.Fatal(err)
		}
		if hex.EncodeToString(secret) != k.SecretHex {
			tb.Fatalf("secret of key %d: %x", k.ID, secret)
		}
		if token.FormatSecret(secret) != k.Secret {
			tb.Fatalf("secret of key %d does not format as itself", k.ID)
		}
		newKey := map[int]func(uint16, []byte) (*token.Key, error){1: token.NewKey,
			2: token.NewSHA256Key}[k.Version]
		if m[k.ID], err = newKey(k.ID, secret); err != nil {
			tb.Fatal(err)
		}
	}
	return m
}

// parseAddr is the address of a vector, not valid where the vector has none, or one that cannot be
// read.
func parseAddr(s string) netip.Addr {
	a, _ := netip.ParseAddr(s)
	return a
}

func TestVectorsMint(t *testing.T) {
	v := loadVectors(t)
	keys := v.keys(t)
	for _, c := range v.Mint {
		t.Run(c.Name, func(t *testing.T) {
			claims := token.Claims{Depth: c.Depth, Expiry: c.Expiry, NotBefore: c.NotBefore,
				RenewableUntil: c.RenewableUntil, TTL: c.TTL}
			if c.IP != "" {
				claims.IP = netip.PrefixFrom(netip.MustParseAddr(c.IP).Unmap(), *c.Prefix)
			}
			if c.Session != "" {
				claims.HasSession = true
				if n, err := hex.Decode(claims.Session[:], []byte(c.Session)); n != 8 || err != nil {
					t.Fatal("session of the vector")
				}
			}
			path, err := token.Canonical(nil, []byte(c.Path))
			if err != nil {
				t.Fatal(err)
			}
			got, err := keys[c.Key].Append([]byte("before"), &claims, path, []byte(c.Query))
			if err != nil || string(got) != "before"+c.Token {
				t.Fatalf("got %s, %v; want %s", got, err, c.Token)
			}
		})
	}
}

func TestVectorsAccept(t *testing.T) {
	v := loadVectors(t)
	for _, c := range v.Accept {
		t.Run(c.Name, func(t *testing.T) {
			got, err := v.verify(t, c)
			if err != nil {
				t.Fatal(err)
			}
			if got.Key != c.Key || got.Claims.Expiry != c.Expiry || got.Claims.Depth != c.Depth ||
				string(got.Path) != c.Path {
				t.Fatalf("got %+v; want %+v", got, c)
			}
			if got.Claims.RenewableUntil != c.RenewableUntil || got.Claims.TTL != c.TTL {
				t.Fatalf("renewable until %d, ttl %d; want %d, %d", got.Claims.RenewableUntil, got.Claims.TTL,
					c.RenewableUntil, c.TTL)
			}
			if serve := got.AppendURI([]byte("kept:")); string(serve) != "kept:"+c.Serve {
				t.Fatalf("serve %s; want %s", serve, c.Serve)
			}
			if got.Claims.HasSession != (c.Session != "") ||
				c.Session != "" && hex.EncodeToString(got.Claims.Session[:]) != c.Session {
				t.Fatalf("session %x; want %s", got.Claims.Session, c.Session)
			}
		})
	}
}

func TestVectorsReject(t *testing.T) {
	v := loadVectors(t)
	for _, c := range v.Reject {
		t.Run(c.Name, func(t *testing.T) {
			_, err := v.verify(t, c)
			if !errors.Is(err, token.Error(c.Reason)) || token.Reason(err) != c.Reason {
				t.Fatalf("got %v; want %s", err, c.Reason)
			}
		})
	}
}

func (v vectors) verify(tb testing.TB, c vector) (token.Verified, error) {
	tb.Helper()
	all := v.keys(tb)
	var keys token.Keys
	for _, id := range c.Keys {
		keys = append(keys, all[id])
	}
	return keys.Verify(token.Request{URI: []byte(c.URI), Now: c.Now, Leeway: v.Leeway,
		Client: parseAddr(c.IP),
		Revoked: func(session [8]byte) bool {
			return slices.Contains(c.Revoked, hex.EncodeToString(session[:]))
		}})
}

func TestVectorsCanonical(t *testing.T) {
	v := loadVectors(t)
	for _, c := range v.Canonical {
		t.Run(strconv.Quote(c.Path), func(t *testing.T) {
			got, err := token.Canonical(token.Path("kept"), []byte(c.Path))
			if c.Error != "" {
				if !errors.Is(err, token.Error(c.Error)) || string(got) != "kept" {
					t.Fatalf("got %q, %v; want %s", got, err, c.Error)
				}
				return
			}
			want, _ := hex.DecodeString(c.CanonicalHex)
			if err != nil || !bytes.Equal(got, append([]byte("kept"), want...)) {
				t.Fatalf("got %q, %v; want %q", got, err, want)
			}
		})
	}
}
