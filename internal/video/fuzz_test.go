package video_test

import (
	"encoding/json"
	"errors"
	"net/netip"
	"strings"
	"testing"

	"github.com/goccy/go-json/jsontext"

	"videotoken/internal/video"
	"videotoken/token"
)

// FuzzAppend: what encoding/json refuses is refused; what is accepted is answered as the oracle
// says, with tokens that are good for max_ttl at most; every error names what is wrong and where.
func FuzzAppend(f *testing.F) {
	for _, body := range []string{seed, php, deep, string(withSources(3)),
		document(`{"src":"/a/b.m3u8?x#y"}`), `{"token":{"ttl":86400},` + seed[1:],
		`{"token":{"ttl":600,"notBefore":1,"ip":"203.0.113.7","session":"00112233aabbccdd"},"video":{"sources":[{"src":"/a"}]}}`} {
		f.Add([]byte(body), uint32(24*3600-1), uint32(300-1))
		f.Add([]byte(body), uint32(24*3600-1), uint32(24*3600-1))
		f.Add([]byte(body), uint32(6*3600-1), uint32(24*3600-1)) // max_ttl is the default ttl
	}
	signer := newSigner(f)
	f.Fuzz(func(t *testing.T, body []byte, maxTTL, round uint32) {
		const month = 31 * 24 * 3600
		s := *signer
		s.MaxTTL, s.Round = 1+int64(maxTTL)%month, 1+int64(round)%month
		before := string(body)
		out, maxAge, err := s.Append(nil, body, now)
		if string(body) != before {
			t.Fatal("the body was written to")
		}
		if err != nil {
			var e *video.Error
			if !errors.As(err, &e) || e.Detail == "" || !jsontext.Pointer(e.Pointer).IsValid() ||
				len(out) != 0 || maxAge != 0 {
				t.Fatalf("%q: %q, %#v", body, out, err)
			}
			return
		}
		if !json.Valid(body) {
			t.Fatalf("%q accepted", body)
		}
		if maxAge < 1 || maxAge > s.MaxTTL {
			t.Fatalf("max-age %d of %d, round %d", maxAge, s.MaxTTL, s.Round)
		}
		var in struct {
			Token *struct{ IP *string }
		}
		var client netip.Addr // in the network that the tokens are for
		if json.Unmarshal(body, &in) == nil && in.Token != nil && in.Token.IP != nil {
			address, _, _ := strings.Cut(*in.Token.IP, "/")
			client = netip.MustParseAddr(address)
		}
		// A document may ask for tokens that are good later only.
		if err := checkAnswer(body, out, client); err != nil && !errors.Is(err, token.ErrNotYet) {
			t.Fatalf("%q: %v", body, err)
		}
	})
}
