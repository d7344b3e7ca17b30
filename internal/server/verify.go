package server

import (
	"bytes"
	"encoding/hex"
	"strconv"
	"sync"

	"github.com/valyala/fasthttp"

	"videotoken/internal/cdn"
	"videotoken/internal/revoked"
	"videotoken/internal/uri"
	"videotoken/token"
)

var (
	verifyPrefix = []byte("/verify/")

	headerPath        = []byte("X-Token-Path")
	headerExpires     = []byte("X-Token-Expires")
	headerSession     = []byte("X-Token-Session")
	headerReason      = []byte("X-Token-Reason")
	headerWouldRefuse = []byte("X-Token-Would-Refuse")
	headerAuth        = []byte("Www-Authenticate")
	noStore           = []byte("no-store")
	authScheme        = []byte("videotoken")
)

// family is a way in which an edge says the original URI. One header has it, and no other is read:
// an edge sets that one and passes on the others as the client sent them.
type family struct {
	name   string // in /verify/FAMILY/CDN
	header string // in fasthttp's spelling; "" where the URI follows the CDN's name in the target
	isURL  bool   // the header has the URL, of which the URI is what follows the host
}

// families are docs/DESIGN.md, section 7.
var families = [...]family{
	{name: "auth-request", header: "X-Original-Uri"},
	{name: "forward-auth", header: "X-Forwarded-Uri"},
	{name: "ingress-nginx", header: "X-Original-Url", isURL: true},
	{name: "ext-authz"},
}

func findFamily(name []byte) *family {
	for i := range families {
		if families[i].name == string(name) {
			return &families[i]
		}
	}
	return nil
}

// verifier answers /verify/FAMILY/CDN: docs/DESIGN.md, section 7. It is immutable, and a part of
// one configuration.
type verifier struct {
	cdns     []verifiedCDN
	proxies  proxies
	leeway   int64
	revoked  *revoked.Set               // nil: none
	isOver   func(session [8]byte) bool // of the set
	prefetch func(session [8]byte)      // of the set
}

// verifiedCDN is a CDN with a counter for each reason, and another one if it only reports.
type verifiedCDN struct {
	*cdn.CDN
	accepted             counter
	refused, wouldRefuse map[string]counter
}

func newVerifier(c Settings, set *revoked.Set, m *metrics) verifier {
	v := verifier{
		proxies: proxies{header: c.ClientAddress, networks: c.TrustedProxies, unix: c.TrustUnix},
		leeway:  c.Leeway,
	}
	if set != nil {
		v.revoked, v.isOver, v.prefetch = set, set.Has, set.Prefetch
	}
	all := c.Signer.CDNs.All()
	for i := range all {
		if len(all[i].Keys) == 0 {
			continue // a foreign scheme, whose tokens are for its CDN to verify
		}
		name := all[i].Name
		site := verifiedCDN{CDN: &all[i], accepted: m.verifications.with(name, accepted),
			refused: m.verifications.byReason(name)}
		if site.ReportOnly {
			site.wouldRefuse = m.wouldRefuse.byReason(name)
		}
		v.cdns = append(v.cdns, site)
	}
	return v
}

// verify answers an edge.
func (s *Server) verify(ctx *fasthttp.RequestCtx, c *state) (o outcome) {
	site := c.verifier.serve(ctx, s.seconds(ctx))
	if site == nil {
		problem(ctx, fasthttp.StatusNotFound,
			"there is no such CDN, or no such way to ask: docs/DESIGN.md, section 7", "")
		return o
	}
	o.cdn = site.Name
	return o
}

// serve answers a request of any method, and returns its CDN. It returns nil, and answers nothing,
// if there is no such family or CDN.
func (v *verifier) serve(ctx *fasthttp.RequestCtx, now int64) *verifiedCDN {
	// The target as it was sent: fasthttp's Path is decoded, and without dot segments and doubled
	// slashes, all of which ext-authz has to see.
	rest, ok := bytes.CutPrefix(uri.Target(ctx.Request.Header.RequestURI()), verifyPrefix)
	if !ok {
		return nil
	}
	way, rest := uri.Cut(rest, '/')
	name, rest := splitBefore(rest)
	c, family := v.lookup(name), findFamily(way)
	if c == nil || family == nil {
		return nil
	}
	original := readField(&ctx.Request.Header, family.header)
	switch {
	case family.header == "":
		original = field{rest, 1}
	case len(rest) > 0 && rest[0] == '/':
		return nil
	case family.isURL:
		if original.value = uri.WithoutHost(original.value); original.value == nil {
			original.count = 0
		}
	}
	verified, err := v.decide(ctx, c, original, now)
	part := shardOf(ctx)
	if err == nil {
		c.accepted.add(part, 1)
		accept(ctx, &verified)
		return c
	}
	r := refusalOf(err)
	c.refused[r.reason].add(part, 1)
	if c.ReportOnly {
		c.wouldRefuse[r.reason].add(part, 1)
		report(ctx, c, original, r)
	} else {
		refuse(ctx, r)
	}
	return c
}

// decide accepts or refuses the token of the original URI.
func (v *verifier) decide(ctx *fasthttp.RequestCtx, c *verifiedCDN, original field,
	now int64) (token.Verified, error) {
	if original.count != 1 {
		return token.Verified{}, token.ErrPath
	}
	client, ok := v.proxies.client(ctx.RemoteAddr(), &ctx.Request.Header)
	if !ok {
		return token.Verified{}, token.ErrIP
	}
	verified, err := c.Verify(token.Request{
		URI: original.value, Now: now, Leeway: v.leeway, Client: client, Revoked: v.isOver,
		Prefetch: v.prefetch,
	})
	if err == nil && verified.Claims.HasSession && v.revoked != nil && !v.revoked.Loaded() {
		err = errNotLoaded
	}
	if err == nil && c.ExactRequests && !isExact(c.CDN, original.value, &verified) {
		err = token.ErrPath
	}
	return verified, err
}

func (v *verifier) lookup(name []byte) *verifiedCDN {
	for i := range v.cdns {
		if v.cdns[i].Name == string(name) {
			return &v.cdns[i]
		}
	}
	return nil
}

// buffers hold a path while it is copied into the headers of an answer.
var buffers = sync.Pool{New: func() any { return new([]byte) }}

func accept(ctx *fasthttp.RequestCtx, v *token.Verified) {
	h := &ctx.Response.Header
	buf := buffers.Get().(*[]byte)
	b := v.AppendURI((*buf)[:0])
	h.SetCanonical(headerPath, b)
	b = strconv.AppendUint(b[:0], uint64(v.Claims.Expiry), 10)
	h.SetCanonical(headerExpires, b)
	if v.Claims.HasSession {
		b = hex.AppendEncode(b[:0], v.Claims.Session[:])
		h.SetCanonical(headerSession, b)
	}
	*buf = b
	buffers.Put(buf)
	h.SetCanonical(cacheControl, noStore)
	ctx.SetStatusCode(fasthttp.StatusOK)
}

// report answers 200 for a CDN that does not enforce its tokens yet, with the reason to refuse.
// What to serve is the request's own path and query, without what may be a token.
func report(ctx *fasthttp.RequestCtx, c *verifiedCDN, original field, r refusal) {
	h := &ctx.Response.Header
	h.SetCanonical(headerWouldRefuse, r.header)
	h.SetCanonical(cacheControl, noStore)
	if original.count == 1 && len(original.value) > 0 && original.value[0] == '/' {
		buf := buffers.Get().(*[]byte)
		b := appendWithoutToken((*buf)[:0], c.Base(), original.value)
		n := len(b)
		b = uri.AppendQuery(b, b[:n]) // some edges read a raw "{" as the start of a variable
		h.SetCanonical(headerPath, b[n:])
		*buf = b
		buffers.Put(buf)
	}
	ctx.SetStatusCode(fasthttp.StatusOK)
}

// splitBefore splits a target before its first "/" or "?".
func splitBefore(b []byte) (before, after []byte) {
	if i := bytes.IndexAny(b, "/?"); i >= 0 {
		return b[:i], b[i:]
	}
	return b, nil
}
