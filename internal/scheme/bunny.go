package scheme

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"videotoken/internal/uri"
	"videotoken/token"
)

// Bunny's token authentication with HMAC-SHA256: over the path, or the directory in token_path, the
// expiry, the client's address, and the parameters in the order of their names. Specified in
// docs.bunny.net/docs/cdn-token-authentication and the vendor's SDK
// (github.com/BunnyWay/BunnyCDN.TokenAuthentication).
//
// It cannot express a start or a session. A playlist cannot have a query of its own. A path that
// has to be percent-encoded is refused, since the vendor's SDKs sign different bytes for it.
var bunny = &Scheme{
	Name:   "bunny",
	Doc:    "Bunny's token authentication.",
	Secret: text,
	KeyDoc: "Bunny makes the key: Pull Zone, Security, Token Authentication, URL Token " +
		"Authentication Key",
	Segments:   []string{"bcdn_token"},
	Parameters: append([]string{"token", "bcdn_token", "expires", "token_path"}, bunnyMore...),
	New: func(c *CDN) (Signer, error) {
		key, err := c.one()
		if err != nil {
			return nil, err
		}
		s := &bunnySigner{macs: newHMAC(sha256.New, key.Secret)}
		if s.origin, s.base = c.cut(); !isBunnyPath(s.base) {
			return nil, errors.New("the CDN's URL has a base path that must be percent-encoded, " +
				"which Bunny's own libraries sign in different ways")
		}
		return s, nil
	},
}

type bunnySigner struct {
	origin, base string
	macs         *macs
}

func (b *bunnySigner) Can() Need { return Directory | IPv4 | IPv6 | Query }

// maxParameters bounds how many parameters are sorted.
const maxParameters = 16

var (
	errBunnyPath = errors.New("has a path that must be percent-encoded, which Bunny's own " +
		"libraries sign in different ways: rename the file")
	errBunnyQuery = fmt.Errorf(`has a query that Bunny cannot verify: it takes %d parameters of the form name=value at most, each name once and of letters, digits, "-" and "_", not beginning with a digit, and without "+", and an encoded "&" or "=", in the value`,
		maxParameters)
	errBunnyDigit = errors.New("has a path that ends in a digit, which would run into the " +
		"expiry that Bunny hashes beside it: give the file an extension")
	errBunnyAddress = errors.New("is for an address that its holder could take off: Bunny hashes " +
		"an address's bytes beside the expiry and the parameters, so it must have no query, and " +
		"no byte of the address may be that of \"=\", nor the first that of a digit")
	errBunnyList = errors.New("is a playlist with a query, which Bunny cannot verify: " +
		"remove the query")
)

func (b *bunnySigner) Check(s *uri.Source, c *token.Claims) error {
	switch {
	case !isBunnyPath(s.Path):
		return errBunnyPath
	case c.Depth > 0 && len(s.Query) > 0:
		return errBunnyList
	case c.Depth == 0 && runsInto(s.Path, isDecimal): // a directory ends in "/"
		return errBunnyDigit
	case c.IP.IsValid() && (len(s.Query) > 0 || isRemovable(c)):
		return errBunnyAddress
	case len(s.Query) > 0 && !isBunnyQuery(s.Query):
		return errBunnyQuery
	}
	return nil
}

// isBunnyQuery reports whether a query has only parameters that Bunny can verify.
func isBunnyQuery(query []byte) bool {
	var list [maxParameters]parameter
	_, ok := parseQuery(list[:0], query)
	return ok
}

// isBunnyPath reports whether a path, as it came, goes over the wire as it is, without escapes.
func isBunnyPath[T string | []byte](path T) bool {
	for i := range len(path) {
		if !component[path[i]] && strings.IndexByte("/$&,=:@", path[i]) < 0 {
			return false
		}
	}
	return true
}

// isRemovable reports whether a token for an address might be good without it: its bytes could be
// read as more digits of the expiry, or as a parameter. The "1-" before the hash, which says that
// there is an address, is not hashed.
func isRemovable(c *token.Claims) bool {
	var room [16]byte
	bytes16 := appendAddress(room[:0], c)
	return isDecimal(bytes16[0]) || bytes.IndexByte(bytes16, '=') >= 0
}

// parameter is a parameter of a query: its name, and its value as it stands there.
type parameter struct{ name, value []byte }

// parseQuery appends the parameters of a query to list, sorted by name. It reports false for more
// than the list has room for, and for whatever could be read in two ways.
func parseQuery(list []parameter, query []byte) ([]parameter, bool) {
	for len(query) > 0 {
		one := query
		if i := bytes.IndexByte(query, '&'); i >= 0 {
			one, query = query[:i], query[i+1:]
			if len(query) == 0 {
				return nil, false
			}
		} else {
			query = nil
		}
		i := bytes.IndexByte(one, '=')
		if i <= 0 || len(list) == cap(list) || !isToken(string(one[:i])) ||
			bytes.IndexByte(one, '+') >= 0 {
			return nil, false
		}
		p := parameter{one[:i], one[i+1:]}
		if isDecimal(p.name[0]) || !isPlainValue(p.value) {
			return nil, false
		}
		at := len(list)
		for at > 0 && string(list[at-1].name) >= string(p.name) {
			if at--; string(list[at].name) == string(p.name) {
				return nil, false
			}
		}
		list = append(list, parameter{})
		copy(list[at+1:], list[at:])
		list[at] = p
	}
	return list, true
}

// isPlainValue reports whether a value, decoded, is no more than one parameter's: what is hashed is
// decoded.
func isPlainValue(value []byte) bool {
	for i := 0; i < len(value); i++ {
		c := value[i]
		if decoded, ok := uri.Unescape(value[i:]); ok {
			c = decoded
			i += 2
		}
		if c == '&' || c == '=' {
			return false
		}
	}
	return true
}

func (b *bunnySigner) Append(dst []byte, s *uri.Source, c *token.Claims) ([]byte, error) {
	m := b.macs.get()
	defer b.macs.put(m)
	m.part = appendWire(m.part, b.base, s)
	path := len(dst) + len(b.origin)
	dst = append(dst, b.origin...)
	if c.Depth > 0 {
		dir := directory(m.part, b.base, c.Depth)
		m.text = appendBunny(m.text, dir, c)
		m.text = append(append(m.text, "token_path="...), dir...)
		dst = appendBunnyToken(append(dst, "/bcdn_token="...), m, c)
		dst = appendComponent(append(dst, "&token_path="...), dir)
		dst = strconv.AppendUint(append(dst, "&expires="...), uint64(c.Expiry), 10)
		return appendEnd(append(dst, m.part...), path, s)
	}
	m.text = appendBunny(m.text, m.part, c)
	dst = append(append(dst, m.part...), "?token="...)
	if len(s.Query) == 0 { // no room is cleared for its parameters
		dst = appendBunnyToken(dst, m, c)
	} else {
		dst = appendBunnyQuery(dst, m, s.Query, c)
	}
	dst = strconv.AppendUint(append(dst, "&expires="...), uint64(c.Expiry), 10)
	return appendEnd(dst, path, s)
}

// appendBunnyQuery appends the token of a URL with a query, and the query's parameters.
func appendBunnyQuery(dst []byte, m *mac, query []byte, c *token.Claims) []byte {
	var room [maxParameters]parameter
	list, _ := parseQuery(room[:0], query)
	for i, p := range list {
		if i > 0 {
			m.text = append(m.text, '&')
		}
		m.text = append(append(m.text, p.name...), '=')
		m.text = appendDecoded(m.text, p.value)
	}
	dst = appendBunnyToken(dst, m, c)
	for _, p := range list {
		dst = append(append(append(dst, '&'), p.name...), '=')
		m.part = appendDecoded(m.part[:0], p.value)
		dst = appendComponent(dst, m.part)
	}
	return dst
}

// appendBunny appends what is signed before the parameters.
func appendBunny(dst, path []byte, c *token.Claims) []byte {
	dst = strconv.AppendUint(append(dst, path...), uint64(c.Expiry), 10)
	if !c.IP.IsValid() {
		return dst
	}
	return appendAddress(dst, c)
}

// appendAddress appends the bytes of an address: 4, or 16 of which the last 8 are zero.
func appendAddress(dst []byte, c *token.Claims) []byte {
	if addr := c.IP.Addr(); addr.Is4() {
		four := addr.As4()
		return append(dst, four[:]...)
	}
	sixteen := c.IP.Masked().Addr().As16()
	return append(dst, sixteen[:]...)
}

func appendBunnyToken(dst []byte, m *mac, c *token.Claims) []byte {
	dst = append(dst, "HS256-"...)
	if c.IP.IsValid() {
		dst = append(dst, "1-"...)
	}
	return appendBase64(dst, base64.RawURLEncoding, m.sum())
}

// bunnyMore are the parameters of Bunny's that are not written here.
var bunnyMore = []string{"token_countries", "token_countries_blocked", "token_ignore_params",
	"limit"}

// Read implements [Reader]. Bunny takes the parameters in any order.
func (b *bunnySigner) Read(target string) (*Reading, error) {
	path, query, _ := strings.Cut(target, "?")
	text, inPath := strings.CutPrefix(path, "/bcdn_token=")
	r := &Reading{Path: path, target: target}
	if inPath {
		var rest string
		text, rest, _ = strings.Cut("token="+text, "/")
		r.Path, r.Query = "/"+rest, query
	} else {
		text = query
	}
	rest, _, has, err := take(text, "token", "expires", "token_path")
	hash, found := has["token"]
	if err != nil || !found {
		return nil, cmp.Or(err, error(token.ErrMissing))
	}
	dir, isDirectory := has["token_path"]
	if !inPath {
		r.Query = rest
		r.target = join(path, joinQuery("token="+hash, rest), "expires="+has["expires"])
	}
	// A hash may begin with "1-", too.
	address, ok := strings.CutPrefix(hash, "HS256-1-")
	r.isBound = ok && len(address) == base64.RawURLEncoding.EncodedLen(sha256.Size)
	if r.Claims.Expiry, ok = readSeconds(has["expires"]); !ok ||
		!strings.HasPrefix(hash, "HS256-") {
		return r, token.ErrMalformed
	}
	if isDirectory {
		if dir, err = url.PathUnescape(dir); err != nil {
			return r, token.ErrMalformed
		}
		r.Opens, r.IsDirectory = dir, true
	}
	hasMore := slices.ContainsFunc(bunnyMore, func(name string) bool {
		return uri.HasParameter([]byte(rest), name)
	})
	if hasMore || inPath != isDirectory || inPath && rest != "" ||
		isDirectory && !strings.HasSuffix(dir, "/") {
		return r, ErrUnlike
	}
	return r, nil
}
