package scheme

import (
	"crypto/md5"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"videotoken/internal/uri"
	"videotoken/token"
)

// The MD5 links of nginx's secure_link (nginx.org/en/docs/http/ngx_http_secure_link_module.html)
// and of the CDNs that do the same with other words: an expression is hashed, and a template says
// where the hash goes. The presets are in presets.go, each with the vendor's page.
//
// MD5 is weak, and so "weak: true" must stand beside it. Where the secret comes first and something
// that a client can lengthen comes last, a hash can be extended; an expression of one's own must
// end in $secret or in fixed text. A directory is covered only by an expression that has $dir and
// no other path, whose template puts the token into the path.
var secureLink = &Scheme{
	Name: "secure-link",
	Doc:  "nginx's secure_link and CDNs that do the same.",
	Options: []Option{
		{Name: "preset", Choices: presetNames(),
			Doc: "the CDN whose expression, template and digest are used"},
		{Name: "expression",
			Doc: "what is hashed, for a CDN without a preset, such as $expires$uri$ip $secret"},
		{Name: "template",
			Doc: "the URL, or what is added to it, such as ?md5=$token&expires=$expires"},
		{Name: "digest", Choices: []string{"base64url", "base64url-padded", "hex"},
			Doc: "how the hash is written; base64url if left out"},
		{Name: "validity", Seconds: true, Doc: "the lifetime that the CDN adds to a time of issue"},
		{Name: "unlimited", Bool: true, Doc: "true: URLs without a time, which never end"},
	},
	Secret: text,
	NewSecret: func(random [32]byte) (field, text string) {
		// A letter at both ends, so that it runs into no number beside it.
		return "secret", "s" + base64.RawURLEncoding.EncodeToString(random[:24]) + "z"
	},
	KeyDoc: "enter the secret where the CDN asks for its key, for nginx at the end of " +
		"secure_link_md5; some CDNs make it themselves",
	Weak: true,
	New:  newSecureLink,
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
	hasIssued            bool // the time of issue is in the URL
	// the random number of a URL that was read, "" for one of our own
	given       string
	beside      []func(c byte) bool // the characters of what a path runs into
	sums, rands *macs
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
			return nil, errors.New("a preset has an expression, a template and a digest of its " +
				"own: remove the preset or them")
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
	s.dirOnly = s.expression.hasOne(varDir) && !s.expression.hasOne(varURI) &&
		!s.expression.hasOne(varWire)
	s.hasIssued = s.expression.has(variable.isIssued)
	s.expression.meets(func(a, b part) {
		if is := b.variable.characters(); is != nil &&
			(a.variable == varURI || a.variable == varWire) {
			s.beside = append(s.beside, is)
		}
	})
	s.can = s.abilities()
	if err := s.check(own, c.Options["unlimited"] == "true"); err != nil {
		return nil, err
	}
	return s, nil
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

func (l *secureLinkSigner) Can() Need { return l.can }

var (
	errRunsInto = errors.New("has a path that ends in a digit, which would run into the time or " +
		"address that this CDN hashes beside it: give the file an extension")
	errValidity = errors.New("ends before this CDN's validity has passed since 1970, so that " +
		"there is no time of issue: choose a later expiry")
	errDirectory = errors.New("is one file, and this CDN's hash would open its whole directory")
)

func (l *secureLinkSigner) Check(s *uri.Source, c *token.Claims) error {
	if c.Depth == 0 && l.dirOnly {
		return errDirectory
	}
	if l.hasIssued && int64(c.Expiry) <= l.validity {
		return errValidity
	}
	for _, is := range l.beside {
		if runsInto(s.Canonical, is) {
			return errRunsInto
		}
	}
	return nil
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
	path := len(dst) + len(l.origin)
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
	return appendEnd(dst, path, s)
}

// appendPart appends the value of a part.
func (l *secureLinkSigner) appendPart(dst []byte, p part, s *uri.Source, c *token.Claims,
	rand *[8]byte) []byte {
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
		if l.given != "" {
			return append(dst, l.given...)
		}
		return hex.AppendEncode(dst, rand[:])
	default:
		at := int64(c.Expiry)
		if v.isIssued() {
			at -= l.validity
		}
		return appendTime(dst, v, at)
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
		return hex.AppendEncode(dst, sum)
	case "base64url-padded":
		return appendBase64(dst, base64.URLEncoding, sum)
	default:
		return appendBase64(dst, base64.RawURLEncoding, sum)
	}
}

// Read implements [Reader]. A URL states neither the directory nor the address that it is for.
func (l *secureLinkSigner) Read(target string) (*Reading, error) {
	expression := l.template.pattern()
	groups := expression.FindStringSubmatch(target)
	path, query, _ := strings.Cut(target, "?")
	if groups == nil {
		first, _, _ := strings.Cut(strings.TrimPrefix(l.template[0].text, "?"), "=")
		if first != "" && uri.HasParameter([]byte(query), strings.ToLower(first)) {
			return &Reading{Path: path, Query: query, dirHashed: l.dirOnly}, token.ErrMalformed
		}
		return nil, token.ErrMissing
	}
	group := func(name string) string {
		if i := expression.SubexpIndex(name); i >= 0 {
			return groups[i]
		}
		return ""
	}
	again := *l
	again.given = group(varRand.name())
	r := &Reading{
		Path: path, target: target, signer: &again, mayBind: l.expression.hasOne(varIP),
		dirHashed: l.dirOnly,
		endless:   !l.expression.has(variable.isTime), issued: l.hasIssued, validity: l.validity,
	}
	if wire := group(varWire.name()); wire != "" {
		r.Path, r.Query, _ = strings.Cut(wire, "?")
	} else {
		r.Query = joinQuery(group("before"), group("after"))
		if !l.expression.hasOne(varQuery) { // the order has no meaning
			r.target = join(path, r.Query, group("added"))
		}
	}
	for _, p := range l.template {
		if v := p.variable; v.isTime() && !r.endless {
			at, err := readTime(v, group(v.name()))
			if v.isIssued() {
				at += l.validity
			}
			if err != nil || at < 0 || at > math.MaxUint32 {
				return r, token.ErrMalformed
			}
			r.Claims.Expiry = uint32(at)
		}
	}
	return r, nil
}
