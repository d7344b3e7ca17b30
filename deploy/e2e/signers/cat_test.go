package signers

import (
	"encoding/base64"
	"fmt"
	"net/netip"
	"reflect"
	"strings"
	"testing"

	"videotoken/deploy/e2e/differential"
)

// claims are those of a token as Eyevinn's library has them in JSON.
type claims map[string]any

// claimsOf returns what the token of a request must claim.
func claimsOf(s signed, issuer string) claims {
	catu := map[string]any{"host": map[string]any{"exact-match": host}}
	if s.Claims.Depth > 0 {
		catu["path"] = map[string]any{"prefix-match": s.directory()}
	} else {
		catu["path"] = map[string]any{"exact-match": s.path()}
		if s.query() != "" {
			catu["query"] = map[string]any{"exact-match": s.query()}
		}
	}
	c := claims{"exp": float64(s.Claims.Expiry), "catv": 1.0, "catu": catu}
	if issuer != "" {
		c["iss"] = issuer
	}
	if s.Claims.NotBefore != 0 {
		c["nbf"] = float64(s.Claims.NotBefore)
	}
	if s.Claims.HasSession {
		c["cti"] = session(s.Claims)
	}
	if ip := s.Claims.IP; ip.IsSingleIP() {
		c["catnip"] = []any{ip.Addr().String()}
	} else if ip.IsValid() {
		c["catnip"] = []any{ip.String()}
	}
	return c
}

// difference names the first claim that is not the same, as the library reads it.
func difference(got, want claims) string {
	for name := range got {
		if want[name] == nil {
			return name
		}
	}
	for name, value := range want {
		if name == "catnip" { // the library writes IPv6 in a form of its own
			list, _ := got[name].([]any)
			if len(list) != 1 || network(fmt.Sprint(list[0])) != network(value.([]any)[0].(string)) {
				return name
			}
		} else if !reflect.DeepEqual(got[name], value) {
			return name
		}
	}
	return ""
}

// network reads an address or a network.
func network(text string) netip.Prefix {
	if addr, err := netip.ParseAddr(text); err == nil {
		return netip.PrefixFrom(addr, addr.BitLen())
	}
	p, _ := netip.ParsePrefix(text) // the zero value is no network
	return p
}

// validation is a request that the library is asked about, and the error that it must answer with.
type validation struct {
	Token  string `json:"token"`
	URL    string `json:"url"`
	IP     string `json:"ip"`
	Now    uint32 `json:"now"`
	Issuer string `json:"issuer"`
	want   string
}

// validations returns a good request, which comes first, and some on both sides of each limit.
func validations(s signed, issuer string) []validation {
	good := validation{Token: s.token, URL: s.URL, Now: s.Claims.Expiry, Issuer: issuer}
	if s.inPath {
		good.URL = origin + s.rest // edges take the token off
	}
	list := []validation{}
	add := func(want string, change func(v *validation)) {
		v := good
		v.want = want
		change(&v)
		list = append(list, v)
	}
	const uri, address = "UriNotAllowedError", "IPNotAllowed"
	if s.Claims.IP.IsValid() {
		first, last, outside := ends(s.Claims.IP)
		good.IP = first
		add("", func(v *validation) { v.IP = last })
		add(address, func(v *validation) { v.IP = outside })
		add(address, func(v *validation) { v.IP = "" })
	}
	if s.Claims.NotBefore != 0 {
		add("", func(v *validation) { v.Now = s.Claims.NotBefore })
		add("TokenNotActiveError", func(v *validation) { v.Now = s.Claims.NotBefore - 1 })
	}
	if issuer != "" {
		add("InvalidIssuerError", func(v *validation) { v.Issuer = "https://other.example" })
	}
	if s.Claims.Depth > 0 {
		add("", func(v *validation) { v.URL = origin + s.directory() + "low/seg 1.ts?a=b" })
		beside := strings.TrimSuffix(s.directory(), "/") + "x/seg.ts"
		add(uri, func(v *validation) { v.URL = origin + beside })
	} else {
		add(uri, func(v *validation) { v.URL = strings.Replace(v.URL, s.path(), s.path()+"x", 1) })
	}
	if s.Claims.Depth == 0 && s.query() != "" {
		add(uri, func(v *validation) { v.URL = strings.Replace(v.URL, "?", "?x", 1) })
		add(uri, func(v *validation) { v.URL = origin + s.path() })
	}
	add("TokenExpiredError", func(v *validation) { v.Now++ })
	add(uri, func(v *validation) { v.URL = strings.Replace(v.URL, host, "x"+host, 1) })
	add("KeyNotFoundError", func(v *validation) { v.Token = tampered(s.token) })
	return append([]validation{good}, list...)
}

// ends returns the first and the last address of a network, and one of the same family outside.
func ends(p netip.Prefix) (first, last, outside string) {
	low := p.Addr().AsSlice()
	high, other := append([]byte{}, low...), append([]byte{}, low...)
	for bit := p.Bits(); bit < p.Addr().BitLen(); bit++ {
		high[bit/8] |= 0x80 >> (bit % 8)
	}
	at := p.Bits() - 1
	other[at/8] ^= 0x80 >> (at % 8)
	text := func(b []byte) string { addr, _ := netip.AddrFromSlice(b); return addr.String() }
	return text(low), text(high), text(other)
}

// tampered changes the last byte of a token, which is one of the MAC's.
func tampered(token string) string {
	b, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(b) == 0 {
		return token // which is no token, and is reported as one that was accepted
	}
	b[len(b)-1] ^= 1
	return base64.RawURLEncoding.EncodeToString(b)
}

// TestCAT compares tokens with those that Eyevinn's library makes of the same claims, byte for
// byte, and has the library validate ours.
func TestCAT(t *testing.T) {
	const name = "cat" // the library takes no other parameter off a query before it compares
	size := func(text string) int {
		token, _, _ := strings.Cut(text, "/")
		return len(token)
	}
	for _, placement := range placements {
		t.Run(placement, func(t *testing.T) {
			options, issuer := map[string]string{"parameter": name}, ""
			if placement == "" || placement == "path" {
				issuer = "https://issuer.example/é"
				options["issuer"] = issuer
			}
			list := sign(t, "cat", placement, options, size)
			asked := [][]validation{}
			questions := []map[string]any{}
			for _, s := range list {
				v := validations(s, issuer)
				asked = append(asked, v)
				questions = append(questions, map[string]any{"kid": keyID, "key": secret,
					"claims": claimsOf(s, issuer), "validations": v})
			}
			type answer struct {
				Token   string
				Results []struct {
					Claims  claims
					Refused string
				}
			}
			good, accepted, refused := 0, 0, 0
			for i, theirs := range differential.Ask[answer](t, "cat.js", questions) {
				s, same := list[i], true
				if s.token != theirs.Token || s.URL != s.url(name, theirs.Token) {
					t.Errorf("got  %s %s\nwant %s %s", s.token, s.URL, theirs.Token, s.url(name, theirs.Token))
					same = false
				}
				for j, v := range asked[i] {
					result := theirs.Results[j]
					switch {
					case result.Refused != v.want:
						t.Errorf("%+v is answered with %q", v, result.Refused)
						same = false
					case v.want != "":
						refused++
					default:
						accepted++
						want := claimsOf(s, issuer)
						if claim := difference(result.Claims, want); claim != "" {
							t.Errorf("%s: %s is read as %v, want %v", s.URL, claim, result.Claims[claim], want[claim])
							same = false
						}
					}
				}
				if same {
					good++
				}
			}
			report("cat", "@eyevinn/cat", placement, good,
				fmt.Sprintf("; %d requests accepted, %d refused", accepted, refused))
		})
	}
}
