// Package scheme says how each CDN wants its URLs signed. A scheme is one file of this package and
// one entry of [All]: its options, which the configuration's reader and the documentation are made
// from, what it can express, and how the URL of a source is written.
//
// Most callers want [Lookup] and then [Scheme.New], whose [Signer] appends URLs. What a scheme
// cannot express is known before: [Needs] says what a URL needs, [Signer.Can] what the signer can
// do, and [Signer.Check] whether it can sign the bytes of that URL.
//
// A [Verifier] is the way back: it says what a URL contains and whether it is good, for people.
//
// A signature is a function of what is signed: no signer reads a clock or draws a random number, so
// that the same request gets the same URL within a window. The bytes of every scheme are specified
// in docs/schemes.md, which names the vendors' pages.
package scheme

import (
	"encoding/hex"
	"fmt"
	"strings"

	"videotoken/internal/uri"
	"videotoken/token"
)

// Scheme is a way to sign URLs.
type Scheme struct {
	Name    string
	Doc     string   // one sentence
	Options []Option // of a CDN, besides those that every CDN has

	KeyID     bool                              // a key has an id, a name that the CDN knows it by
	HexSecret bool                              // a secret may be written in hexadecimal digits
	Secret    func(text string) ([]byte, error) // reads the text of a secret as the vendor shows it
	// Private reads a private key in a PEM file. It is nil where keys are secrets alone.
	Private    func(text []byte, options map[string]string) (*PrivateKey, error)
	KeyOptions []Option // of a key

	// NewSecret makes a secret of random bytes: the field of a key that it goes into, and its text.
	// It is nil where the vendor makes the keys, or they are private keys.
	NewSecret func(random [32]byte) (field, text string)
	// NewPrivate makes a private key: its PEM file, and the public key as the vendor takes it.
	NewPrivate func() (file, public []byte, err error)
	KeyDoc     string // where the key goes, or comes from, at the vendor's

	// Parameters are the query parameters that carry this scheme's tokens, in lower case. No source
	// may have one, whichever CDN is picked.
	Parameters []string
	// Cookies says that its signers are [CookieSigner]s.
	Cookies bool
	// Segments are the names, in lower case, of the path segments NAME=... that carry this scheme's
	// tokens, besides the option parameter's. No source may have one, whichever CDN is picked.
	Segments []string
	// Weak says that the scheme's MAC is broken or can be forged by extension, so that an operator
	// must ask for it by name.
	Weak bool

	// New makes the signer of a CDN. The options are complete and checked against Options.
	New func(c *CDN) (Signer, error)
}

// Option is one option of a scheme.
type Option struct {
	Name    string
	Doc     string   // one sentence
	Default string   // of an option that is left out
	Choices []string // the values there are; nil for any text
	Bool    bool     // true or false
	Seconds bool     // a duration in whole seconds; its value here is their number
}

// CDN is what a signer is made of.
type CDN struct {
	URL        string // scheme, host and base path, without a slash at the end
	Keys       []Key  // the first one signs
	Options    map[string]string
	Signatures *Signatures // keeps the signatures of private keys
}

// Key is a key of a CDN's own scheme: a secret, or a private key.
type Key struct {
	ID      string
	Secret  []byte
	Private *PrivateKey
}

// Signer signs the URLs of one CDN. It is immutable and safe for concurrent use.
type Signer interface {
	// Can returns what the signer can express.
	Can() Need
	// Check reports, as an error, why the bytes of a URL cannot be signed. It looks at nothing that
	// Needs tells.
	Check(s *uri.Source, c *token.Claims) error
	// Append appends the URL of a source with the claims to dst. The caller has made sure that the
	// signer can express what the URL needs, and that Check returned nil. A [*Miss] is the error of
	// a signature that is expensive and must be made first. It allocates only for errors.
	Append(dst []byte, s *uri.Source, c *token.Claims) ([]byte, error)
}

// All is every scheme, the default first.
var All = []*Scheme{
	videotoken, videotokenSHA256, cloudfront, akamai, googleCloudCDN, googleMediaCDN, bunny,
	secureLink, cat,
}

// Default is the name of the scheme of a CDN that names none.
const Default = "videotoken"

// Lookup returns the scheme with the given name, nil for an unknown name.
func Lookup(name string) *Scheme {
	for _, s := range All {
		if s.Name == name {
			return s
		}
	}
	return nil
}

// Reserved returns the query parameters, in lower case, that carry the tokens of a CDN with the
// options.
func (s *Scheme) Reserved(options map[string]string) []string {
	list := append([]string(nil), s.Parameters...)
	if name := options["parameter"]; name != "" {
		list = append(list, strings.ToLower(name))
	}
	template := options["template"]
	if preset := options["preset"]; preset != "" {
		template = presets[preset].template
	}
	if added, ok := strings.CutPrefix(template, "?"); ok {
		for _, p := range strings.Split(added, "&") {
			name, _, _ := strings.Cut(p, "=")
			list = append(list, strings.ToLower(name))
		}
	}
	return list
}

// ReservedSegments returns the names, in lower case, of the path segments that carry the tokens of
// a CDN with the options.
func (s *Scheme) ReservedSegments(options map[string]string) []string {
	list := append([]string(nil), s.Segments...)
	if name := options["parameter"]; name != "" {
		list = append(list, strings.ToLower(name))
	}
	return list
}

// Names returns the names of all schemes.
func Names() (list []string) {
	for _, s := range All {
		list = append(list, s.Name)
	}
	return list
}

// IsOwn reports whether the service itself verifies the scheme's tokens.
func (s *Scheme) IsOwn() bool { return s == videotoken || s == videotokenSHA256 }

// one returns the only key of a CDN whose scheme knows one key.
func (c *CDN) one() (Key, error) {
	if len(c.Keys) != 1 {
		return Key{}, fmt.Errorf("takes one key, not %d: the CDN knows no key ids", len(c.Keys))
	}
	return c.Keys[0], nil
}

// cut returns the CDN's URL in two parts: the scheme and host as clients send them, in lower case
// and without the scheme's own port, and the base path.
func (c *CDN) cut() (origin, base string) {
	start := strings.Index(c.URL, "://") + len("://")
	origin = c.URL
	if i := strings.IndexByte(c.URL[start:], '/'); i >= 0 {
		origin, base = c.URL[:start+i], c.URL[start+i:]
	}
	origin = strings.ToLower(origin)
	port := ":443"
	if strings.HasPrefix(origin, "http://") {
		port = ":80"
	}
	return strings.TrimSuffix(origin, port), base
}

// inQuery is the option of a scheme whose URLs have what opens a directory in the query.
func inQuery(what string) Option {
	return Option{Name: "placement", Choices: []string{"query"},
		Doc: "query: a playlist's URL has the " + what +
			" of its directory in the query, for players that add it to every request"}
}

// newHexSecret makes a secret of hexadecimal digits.
func newHexSecret(random [32]byte) (field, text string) {
	return "secret_hex", hex.EncodeToString(random[:])
}

// checkLength refuses secrets that a MAC is not safe with.
func checkLength(secret []byte) error {
	if len(secret) < 16 {
		return fmt.Errorf("the secret is %d bytes: 16 at least", len(secret))
	}
	return nil
}

// text reads a secret that is what the vendor's page shows.
func text(s string) ([]byte, error) {
	if s == "" {
		return nil, fmt.Errorf("is empty")
	}
	return []byte(s), nil
}
