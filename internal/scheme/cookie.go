package scheme

import (
	"bytes"
	"errors"

	"videotoken/internal/uri"
	"videotoken/token"
)

// CookieSigner is a signer that opens directories with cookies where the CDN is configured for
// them. Then [Signer.Append] writes the URLs of directories without a token.
type CookieSigner interface {
	Signer
	// Cookies returns the cookies that open the directory of the claims, and the path that they are
	// for, as it goes over the wire. A [*Miss] is the error of a signature that must be made first.
	Cookies(s *uri.Source, c *token.Claims) (path string, cookies []Cookie, err error)
}

// Cookie is the name and value of a cookie (RFC 6265).
type Cookie struct{ Name, Value string }

// hasCookies reports whether a CDN opens directories with cookies.
func (c *CDN) hasCookies() bool { return c.Options[CookieOption] == "true" }

// CookieOption is the name of the option that is "true" for a CDN with cookies.
const CookieOption = "cookies"

// appendClean appends a URL without a token.
func appendClean(dst []byte, origin, base string, s *uri.Source) ([]byte, error) {
	path := len(dst) + len(origin)
	dst = appendWire(append(dst, origin...), base, s)
	return appendEnd(appendQuery(dst, '?', s), path, s)
}

var errCookiePath = errors.New(`has another character in its directory than letters, digits, "-", ".", "_", "~" and "/", which a cookie's path cannot have safely`)

// checkCookiePath refuses a directory that [IsCookiePath] does not take.
func checkCookiePath(s *uri.Source, c *token.Claims) error {
	if !IsCookiePath(directory(s.Path, "", c.Depth)) {
		return errCookiePath
	}
	return nil
}

// IsCookiePath reports whether browsers and CDNs spell a path in one way: it has none of the bytes
// that a path may have besides unreserved ones (RFC 3986, section 3.3). Other bytes than those are
// percent-encoded, and safe.
func IsCookiePath(path []byte) bool { return !bytes.ContainsAny(path, "!$&'()*+,;=:@") }

// appendDirectory appends the path of the directory of the claims as it goes over the wire.
func appendDirectory(dst []byte, base string, s *uri.Source, c *token.Claims) []byte {
	start := len(dst)
	dst = appendWire(dst, base, s)
	return dst[:start+len(directory(dst[start:], base, c.Depth))]
}
