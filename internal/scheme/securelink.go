package scheme

import (
	"bytes"
	"crypto/md5"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"videotoken/internal/uri"
	"videotoken/token"
)

// The MD5 links of nginx's secure_link (nginx.org/en/docs/http/ngx_http_secure_link_module.html) and
// of the CDNs that do the same with other words: an expression is hashed, and a template says where
// the hash goes. The presets are in presets.go, each with the vendor's page.
//
// MD5 is weak, and so "weak: true" must stand beside it. Where the secret comes first and something
// that a client can lengthen comes last, a hash can be extended; an expression of one's own must end
// in $secret or in fixed text. A directory is covered only by an expression that has $dir and no
// other path, whose template puts the token into the path.
var secureLink = &Scheme{
	Name: "secure-link",
	Doc:  "nginx's secure_link and CDNs that do the same.",
	Options: []Option{
		{Name: "preset", Choices: presetNames(), Doc: "the CDN whose expression, template and digest are used"},
		{Name: "expression", Doc: "what is hashed, for a CDN without a preset, such as $expires$uri$ip $secret"},
		{Name: "template", Doc: "the URL, or what is added to it, such as ?md5=$token&expires=$expires"},
		{Name: "digest", Choices: []string{"base64url", "base64url-padded", "hex"}, Doc: "how the hash is written; base64url if left out"},
		{Name: "validity", Seconds: true, Doc: "the lifetime that the CDN adds to a time of issue"},
		{Name: "unlimited", Bool: true, Doc: "true: URLs without a time, which never end"},
	},
	Secret: text,
	NewSecret: func(random [32]byte) (field, text string) {
		// A letter at both ends, so that it runs into no number beside it.
		return "secret", "s" + base64.RawURLEncoding.EncodeToString(random[:24]) + "z"
	},
	KeyDoc: "enter the secret where the CDN asks for its key, for nginx at the end of secure_link_md5; some CDNs make it themselves",
	Weak:   true,
	New:    newSecureLink,
}

type secureLinkSigner struct {
	origin, base         string
	decodedBase          []byte // the base path as $uri has it
	secret               string
	expression, template parts
	digest               string
	validity             int64
	can                  Need
	dirOnly, hasRand     bool // what the expression has
	meetsNumber          bool // a path runs into a decimal number
	meetsHex             bool // a path runs into a hexadecimal number
	sums, rands          *macs
}

func newSecureLink(c *CDN) (Signer, error) {
	key, err := c.one()
	if err != nil {
		return nil, err
	}
	p := preset{c.Options["expression"], c.Options["template"], c.Options["digest"]}
	own := c.Options["preset"] == ""
	if !own {
		if p != (preset{}) {
			return nil, errors.New("a preset has an expression, a template and a digest of its own: remove the preset or them")
		}
		p = presets[c.Options["preset"]]
	} else if p.expression == "" || p.template == "" {
		return nil, errors.New("needs a preset, or an expression and a template")
	}
	s := &secureLinkSigner{digest: p.digest, secret: string(key.Secret)}
	if s.expression, err = parse(p.expression); err != nil {
		return nil, fmt.Errorf("expression: %w", err)
	}
	if s.template, err = parse(p.template); err != nil {
		return nil, fmt.Errorf("template: %w", err)
	}
	s.origin, s.base = c.cut()
	if s.decodedBase, err = uri.Canonical(nil, []byte(s.base+"/")); err != nil {
		return nil, errors.New("the CDN's URL has a base path that is not canonical")
	}
	s.decodedBase = s.decodedBase[:len(s.decodedBase)-1]
	if c.Options["validity"] != "" {
		if s.validity, err = strconv.ParseInt(c.Options["validity"], 10, 64); err != nil {
			return nil, fmt.Errorf("validity: %w", err)
		}
	}
	s.sums = newMACs(md5.New)
	s.rands = newHMAC(sha256.New, key.Secret)
	s.hasRand = s.expression.hasOne(varRand)
	s.dirOnly = s.expression.hasOne(varDir) && !s.expression.hasOne(varURI) && !s.expression.hasOne(varWire)
	s.expression.meets(func(a, b part) {
		number := b.variable.isTime() || b.variable == varIP
		s.meetsNumber = s.meetsNumber || (a.variable == varURI || a.variable == varWire) && number
		s.meetsHex = s.meetsHex || (a.variable == varURI || a.variable == varWire) && b.variable.isHex()
	})
	s.can = s.abilities()
	return s, s.validate(own, c.Options["unlimited"] == "true")
}

// abilities returns what the expression and the template can express together.
func (l *secureLinkSigner) abilities() (n Need) {
	if l.expression.hasOne(varIP) {
		n |= IPv4 | IPv6Address
	}
	if l.expression.hasOne(varQuery) {
		n |= Query
	}
	if l.dirOnly && l.template[0].variable == varBase {
		n |= Directory
	}
	return n
}

func (l *secureLinkSigner) validate(own, unlimited bool) error {
	last := l.expression[len(l.expression)-1]
	hasTime := l.expression.has(variable.isTime)
	switch {
	case !l.expression.hasOne(varSecret):
		return errors.New("expression: has no $secret, so that anybody can sign")
	case !l.expression.hasOne(varURI) && !l.expression.hasOne(varWire) && !l.expression.hasOne(varDir):
		return errors.New("expression: has no $uri, $wire or $dir, so that one URL opens every file")
	case l.expression.hasOne(varToken) || l.expression.hasOne(varBase):
		return errors.New("expression: $token and $base stand in templates alone")
	case !l.template.hasOne(varToken) || l.template.hasOne(varSecret):
		return errors.New("template: needs $token, and must not have $secret")
	case l.template[0].variable == varBase && !l.template.hasOne(varWire):
		return errors.New("template: has no $wire, the path")
	case l.template[0].variable != varBase && !strings.HasPrefix(l.template[0].text, "?"):
		return errors.New(`template: must start with "$base", or with "?" for what is added to the URL`)
	case own && last.variable != 0 && last.variable != varSecret:
		return errors.New("expression: must end in $secret or in fixed text, so that a hash cannot be extended")
	case !hasTime && !unlimited:
		return errors.New("expression: has no time, so that URLs never end: add unlimited: true if that is meant")
	case l.queryRuns():
		return errors.New("expression: $query stands beside a time or an address, with which it runs together: put fixed text between them")
	case l.validity == 0 && (l.expression.has(variable.isIssued) || l.template.has(variable.isIssued)):
		return errors.New("validity: is missing: the lifetime that the CDN adds to the time of issue")
	}
	return l.checkSecret()
}

// queryRuns reports whether the query runs into a number.
func (l *secureLinkSigner) queryRuns() (runs bool) {
	l.expression.meets(func(a, b part) {
		runs = runs || a.variable == varQuery && (b.variable.isTime() || b.variable == varIP)
	})
	return runs
}

// checkSecret refuses a secret that runs into a time.
func (l *secureLinkSigner) checkSecret() (err error) {
	l.expression.meets(func(a, b part) {
		first, last := l.secret[0], l.secret[len(l.secret)-1]
		if a.variable.isTime() && b.variable == varSecret && isDigit(first, a.variable.isHex()) ||
			a.variable == varSecret && b.variable.isTime() && isDigit(last, b.variable.isHex()) {
			err = errors.New("the secret begins or ends in a digit beside a time, with which it runs together: choose another secret")
		}
	})
	return err
}

func isDigit(c byte, hex bool) bool {
	return '0' <= c && c <= '9' || hex && 'a' <= c|0x20 && c|0x20 <= 'f'
}

func (l *secureLinkSigner) Can() Need { return l.can }

var (
	errRunsInto  = errors.New("has a path that ends in a digit, which would run into the time or address that this CDN hashes beside it: give the file an extension")
	errDirectory = errors.New("is one file, and this CDN's hash would open its whole directory")
)

func (l *secureLinkSigner) Check(s *uri.Source, c *token.Claims) error {
	if c.Depth == 0 && l.dirOnly {
		return errDirectory
	}
	if l.meetsNumber && runsInto(s.Canonical, l.meetsHex) {
		return errRunsInto
	}
	return nil
}

// runsInto reports whether a path that is followed by a number could be another path with another
// number: it ends in a digit, and not in an extension with a letter.
func runsInto(path []byte, hex bool) bool {
	if len(path) == 0 || !isDigit(path[len(path)-1], hex) {
		return false
	}
	segment := path[bytes.LastIndexByte(path, '/')+1:]
	dot := bytes.LastIndexByte(segment, '.')
	if dot < 0 {
		return true
	}
	for _, c := range segment[dot+1:] {
		if !isDigit(c, hex) {
			return false
		}
	}
	return true
}

func (l *secureLinkSigner) Append(dst []byte, s *uri.Source, c *token.Claims) ([]byte, error) {
	m := l.sums.get()
	defer l.sums.put(m)
	var rand [8]byte
	if l.hasRand {
		rand = l.rand(s, c)
	}
	for _, p := range l.expression {
		m.text = l.appendPart(m.text, p, s, c, &rand)
	}
	sum := m.sum()
	if l.template[0].variable != varBase {
		dst = append(dst, l.origin...)
		dst = appendQuery(appendWire(dst, l.base, s), '?', s)
		dst = append(dst, separator(s))
	}
	for i, p := range l.template {
		if i == 0 && p.variable == 0 {
			p.text = p.text[1:] // the "?"
		}
		switch p.variable {
		case varBase:
			dst = append(dst, l.origin...)
		case varToken:
			dst = l.appendDigest(dst, sum)
		case varWire:
			dst = appendQuery(appendWire(dst, l.base, s), '?', s)
		default:
			dst = l.appendPart(dst, p, s, c, &rand)
		}
	}
	return s.AppendFragment(dst), nil
}

// appendPart appends the value of a part.
func (l *secureLinkSigner) appendPart(dst []byte, p part, s *uri.Source, c *token.Claims, rand *[8]byte) []byte {
	switch v := p.variable; v {
	case 0:
		return append(dst, p.text...)
	case varURI:
		return append(append(dst, l.decodedBase...), s.Canonical...)
	case varWire:
		return appendWire(dst, l.base, s)
	case varQuery:
		return uri.AppendQuery(dst, s.Query)
	case varDir:
		dst = append(dst, l.decodedBase...)
		return append(dst, directory(s.Canonical, "", c.Depth)...)
	case varIP:
		if c.IP.IsValid() {
			return c.IP.Addr().AppendTo(dst)
		}
		return dst
	case varSecret:
		return append(dst, l.secret...)
	case varRand:
		return appendHex(dst, rand[:])
	default:
		at := int64(c.Expiry)
		if v.isIssued() {
			at -= l.validity
		}
		return appendTime(dst, v, at)
	}
}

// appendTime appends a time, in Unix seconds, in the form of a variable.
func appendTime(dst []byte, v variable, at int64) []byte {
	switch v {
	case varExpiresHex, varIssuedHex:
		return strconv.AppendInt(dst, at, 16)
	case varExpiresHEX, varIssuedHEX:
		start := len(dst)
		dst = strconv.AppendInt(dst, at, 16)
		for i := start; i < len(dst); i++ {
			if 'a' <= dst[i] {
				dst[i] -= 'a' - 'A'
			}
		}
		return dst
	case varExpiresUTC8, varIssuedUTC8:
		return time.Unix(at+8*3600, 0).UTC().AppendFormat(dst, "200601021504")
	default:
		return strconv.AppendInt(dst, at, 10)
	}
}

// rand returns what the CDN calls a random number: a keyed hash of what is signed, so that the same
// URL comes out for the same request.
func (l *secureLinkSigner) rand(s *uri.Source, c *token.Claims) (rand [8]byte) {
	m := l.rands.get()
	defer l.rands.put(m)
	m.text = strconv.AppendUint(append(m.text, "rand "...), uint64(c.Expiry), 10)
	m.text = appendQuery(appendWire(append(m.text, ' '), l.base, s), '?', s)
	copy(rand[:], m.sum())
	return rand
}

func (l *secureLinkSigner) appendDigest(dst, sum []byte) []byte {
	switch l.digest {
	case "hex":
		return appendHex(dst, sum)
	case "base64url-padded":
		return appendBase64(dst, base64.URLEncoding, sum)
	default:
		return appendBase64(dst, base64.RawURLEncoding, sum)
	}
}
