package scheme

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/netip"
	"strconv"
	"strings"

	"videotoken/internal/uri"
	"videotoken/token"
)

// Akamai's Auth Token 2.0, with an access control list: fields joined by "~" and signed with
// HMAC-SHA256. The list is the exact path, or a directory and "*". Specified by the vendor's
// libraries (github.com/akamai/EdgeAuth-Token-Python) and techdocs.akamai.com, "Auth Token 2.0
// verification".
//
// It cannot sign a query, and no network but a single address. The edge's configuration says where
// it looks for the token.
var akamai = &Scheme{
	Name: "akamai",
	Doc:  "Akamai's Auth Token 2.0.",
	Options: []Option{
		{Name: "parameter", Default: "hdnea", Doc: "the name of the query parameter, path " +
			"segment and cookie: hdnea, hdnts or __token__"},
		placement,
	},
	HexSecret:  true,
	Cookies:    true,
	NewSecret:  newHexSecret,
	KeyDoc:     "Property Manager, behavior Auth Token 2.0 Verification: enter the key there",
	Parameters: []string{"hdnea", "hdnts", "hdntl", "__token__"},
	New:        newAkamai,
}

// placement is the option that says where a token goes.
var placement = Option{Name: "placement", Choices: []string{"query", "path"},
	Doc: "where all tokens go; without it a playlist's token goes into the path, all others " +
		"into the query"}

type akamaiSigner struct {
	origin, base, parameter, placement string
	macs                               *macs
	cookies                            bool
}

func newAkamai(c *CDN) (Signer, error) {
	key, err := c.one()
	if err != nil {
		return nil, err
	}
	if err := checkLength(key.Secret); err != nil {
		return nil, err
	}
	s := &akamaiSigner{parameter: c.Options["parameter"], placement: c.Options["placement"],
		cookies: c.hasCookies()}
	if !isToken(s.parameter) {
		return nil, errParameter
	}
	if s.origin, s.base = c.cut(); strings.ContainsAny(s.base, "*?!~&'") {
		return nil, errors.New("the CDN's URL has one of * ? ! ~ & ' in its base path, which " +
			"tokens cannot have")
	}
	s.macs = newHMAC(sha256.New, key.Secret)
	return s, nil
}

var errParameter = errors.New(`the parameter must be 1 to 64 letters, digits, "-" and "_"`)

// isToken reports whether a name can be that of a parameter and of a cookie.
func isToken(name string) bool {
	for _, c := range []byte(name) {
		if !('a' <= c|0x20 && c|0x20 <= 'z' || '0' <= c && c <= '9' || c == '-' || c == '_') {
			return false
		}
	}
	return 1 <= len(name) && len(name) <= 64
}

func (a *akamaiSigner) Can() Need { return Directory | Start | IPv4 | IPv6Address | Session }

// errAkamaiQuery: a raw "&" would end the parameter with the token, and browsers percent-encode "'"
// in queries (WHATWG URL, "special-query percent-encode set").
var errAkamaiQuery = errors.New("has & or ' in its path, which cannot stand in a token in the " +
	"query: set placement: path, or rename the file")

var errAkamai = errors.New(
	`has one of * ? ! ~ in its path, which Akamai's access control lists read in their own way`)

func (a *akamaiSigner) Check(s *uri.Source, c *token.Claims) error {
	if bytes.ContainsAny(s.Canonical, "*?!~") {
		return errAkamai
	}
	switch {
	case c.Depth > 0 && a.cookies:
		return checkCookiePath(s, c)
	case !a.inPath(c) && bytes.ContainsAny(s.Path, "&'"):
		return errAkamaiQuery
	}
	return nil
}

func (a *akamaiSigner) Append(dst []byte, s *uri.Source, c *token.Claims) ([]byte, error) {
	if c.Depth > 0 && a.cookies {
		return appendClean(dst, a.origin, a.base, s)
	}
	m := a.macs.get()
	defer a.macs.put(m)
	m.text = a.appendFields(m.text, s, c)
	inPath := a.inPath(c)
	path := len(dst) + len(a.origin)
	dst = append(dst, a.origin...)
	if inPath {
		dst = a.appendToken(append(dst, '/'), m)
	}
	dst = appendQuery(appendWire(dst, a.base, s), '?', s)
	if !inPath {
		dst = a.appendToken(append(dst, separator(s)), m)
	}
	return appendEnd(dst, path, s)
}

// inPath reports whether the token of the claims goes into the path.
func (a *akamaiSigner) inPath(c *token.Claims) bool {
	return a.placement == "path" || a.placement == "" && c.Depth > 0
}

// appendFields appends what is signed.
func (a *akamaiSigner) appendFields(dst []byte, s *uri.Source, c *token.Claims) []byte {
	if c.IP.IsValid() {
		dst = append(c.IP.Addr().AppendTo(append(dst, "ip="...)), '~')
	}
	if c.NotBefore != 0 {
		dst = append(strconv.AppendUint(append(dst, "st="...), uint64(c.NotBefore), 10), '~')
	}
	dst = strconv.AppendUint(append(dst, "exp="...), uint64(c.Expiry), 10)
	dst = append(dst, "~acl="...)
	start := len(dst)
	dst = appendWire(dst, a.base, s)
	if c.Depth > 0 {
		dst = append(dst[:start+len(directory(dst[start:], a.base, c.Depth))], '*')
	}
	if c.HasSession {
		dst = hex.AppendEncode(append(dst, "~id="...), c.Session[:])
	}
	return dst
}

// appendToken appends the parameter with the token of the fields in m.
func (a *akamaiSigner) appendToken(dst []byte, m *mac) []byte {
	dst = append(append(append(dst, a.parameter...), '='), m.text...)
	return hex.AppendEncode(append(dst, "~hmac="...), m.sum())
}

// Cookies implements [CookieSigner].
func (a *akamaiSigner) Cookies(s *uri.Source, c *token.Claims) (string, []Cookie, error) {
	m := a.macs.get()
	defer a.macs.put(m)
	m.text = a.appendFields(m.text, s, c)
	value := a.appendToken(nil, m)[len(a.parameter)+1:]
	return string(appendDirectory(nil, a.base, s, c)), []Cookie{{a.parameter, string(value)}}, nil
}

// Read implements [Reader].
func (a *akamaiSigner) Read(target string) (*Reading, error) {
	r, text, inPath, err := readParameter(target, a.parameter, func(path string) int {
		const last = "~hmac=" // the list before it has slashes, too
		start := strings.Index(path, last)
		if start < 0 {
			return -1
		}
		end := strings.IndexByte(path[start:], '/')
		if end < 0 {
			return -1
		}
		return start + end
	})
	if err != nil {
		return nil, err
	}
	has, err := r.readAkamai(text)
	switch {
	case err != nil:
		return r, err
	case !has["exp"] || !has["hmac"]:
		return r, token.ErrMalformed
	case !has["acl"]: // Akamai's tokens for one URL
		return r, ErrUnlike
	case inPath != (a.placement == "path" || a.placement == "" && r.IsDirectory):
		return r, ErrPlace
	}
	return r, nil
}

// readAkamai reads the fields of a token, and returns which ones there are. It reads on after a
// mistake, and returns the first.
func (r *Reading) readAkamai(text string) (has map[string]bool, err error) {
	has = map[string]bool{}
	for field := range strings.SplitSeq(text, "~") {
		name, value, _ := strings.Cut(field, "=")
		ok, known := true, true
		switch c := &r.Claims; name {
		case "ip":
			addr, _ := netip.ParseAddr(value)
			c.IP = netip.PrefixFrom(addr, addr.BitLen())
			ok = c.IP.IsValid()
		case "st":
			c.NotBefore, ok = readSeconds(value)
		case "exp":
			c.Expiry, ok = readSeconds(value)
		case "acl":
			known = r.open(value)
		case "id":
			id, _ := hex.DecodeString(value)
			known = copy(c.Session[:], id) == len(id) && len(id) == len(c.Session)
			c.HasSession = known
		case "hmac":
		default:
			known = false
		}
		switch {
		case err != nil:
		case !ok || has[name]:
			err = token.ErrMalformed
		case !known:
			err = ErrUnlike
		}
		has[name] = true
	}
	return has, err
}
