// Package video signs videos, which is the service's one job: it turns a video document into the
// same document with signed URLs. Its policy decides what tokens say and what they open;
// internal/document reads the JSON, and internal/cdn picks the CDN and writes each URL.
//
// Most callers want [Signer.Answer]. It reads a body of `POST /video/token` and appends the
// response: the video object byte for byte as it came, except that each `src` is a URL on one CDN,
// with a token. It keeps nothing between calls, does not refer to the body afterwards, and
// allocates only for errors, cookies and signatures that are not kept. [Signer.URL] signs one URL,
// for a command line.
package video

import (
	"sync"

	"videotoken/internal/caller"
	"videotoken/internal/cdn"
	"videotoken/internal/document"
	"videotoken/internal/limits"
	"videotoken/internal/revoked"
	"videotoken/internal/scheme"
	"videotoken/internal/uri"
	"videotoken/token"
)

// Signer signs the URLs of videos. It is safe for concurrent use. Times are in seconds.
type Signer struct {
	CDNs *cdn.Set

	Patterns    *document.Patterns // which strings are URLs; nil for the src of each source
	Origins     *uri.Origins       // the absolute URLs that are signed
	KeepForeign bool               // other URLs stay as they are, and are not refused
	Reserved    []string           // query parameters, in lower case, that no URL may have
	Segments    []string           // path segments NAME=..., in lower case, that no URL may have
	// how long a token is good where the request does not say; never longer than MaxTTL
	TTL    int64
	MaxTTL int64 // the longest that a token is good
	// for how many seconds a token with a session is renewed where the request does not say; 0: not
	RenewFor   int64
	MaxRenew   int64 // the longest that a token is renewed
	RenewGrace int64 // for how many seconds after its expiry a token is renewed
	// expiries are multiples of this, so that a video's URLs stay the same for a while
	Round   int64
	Allow   caller.Paths // what anybody may have signed; nil: every path
	Revoked *revoked.Set // the sessions for which nothing is signed; nil: none
	Report  func(Issued) // is told of each video that was signed; nil: nobody is
	MaxURLs int          // how many URLs a request may have; 0 stands for limits.URLs
}

// Issued is what one video of an answer has: how many URLs whose tokens open one URL, how many
// whose tokens open a directory, and how many whose directory is opened by cookies.
type Issued struct {
	CDN                         *cdn.CDN
	Shard                       int // of the question
	Exact, Directories, Cookies int
}

// Error is what is wrong with a request body.
type Error = document.Error

// Forbidden is the error of a request for more than it may have.
type Forbidden struct{ Reason *Error }

func (f Forbidden) Error() string { return f.Reason.Error() }

// Question is a request for signed URLs.
type Question struct {
	Caller *caller.Caller // nil: anybody
	Body   []byte
	Now    int64    // Unix seconds
	Before *Pending // the attempt before, of a request that was pending
	Shard  int      // for Report: requests that are answered at once have different ones
}

// Answer is the answer to a [Question].
type Answer struct {
	Body    []byte   // what was appended to
	MaxAge  int64    // for how many seconds its tokens are good
	Cookies []string // the values of Set-Cookie that open the directories of CDNs with cookies
	CDN     *cdn.CDN // of the first video
}

// Answer appends the answer to a question to dst. Of a request that was pending, the videos stay on
// the CDNs that were picked for them. An error is an [*Error], a [Forbidden], a [*Pending], ErrBusy
// or [revoked.ErrNotLoaded], and the answer's body is then dst as it came.
func (s *Signer) Answer(dst []byte, q Question) (Answer, error) {
	if q.Before != nil && q.Before.err() != nil {
		return Answer{Body: dst}, q.Before.err()
	}
	r := requests.Get().(*request)
	r.caller, r.before = q.Caller, q.Before
	out, err := s.sign(dst, q.Body, q.Now, r)
	var cookies []string
	if err == nil && len(r.opened) > 0 {
		cookies, err = r.cookies()
	}
	if err == nil && len(r.misses) > 0 {
		err = r.pending(s)
	}
	answer := Answer{Body: out, MaxAge: r.expiry - q.Now, Cookies: cookies}
	if err == nil {
		answer.CDN = r.issued[0].CDN
		if s.Report != nil {
			for i := range r.issued {
				r.issued[i].Shard = q.Shard
				s.Report(r.issued[i])
			}
		}
	}
	r.reset()
	requests.Put(r)
	if err != nil {
		return Answer{Body: dst}, err
	}
	return answer, nil
}

func (s *Signer) sign(dst, body []byte, now int64, r *request) ([]byte, error) {
	d := &r.document
	if err := d.Read(body, s.patterns(), s.maxURLs()); err != nil {
		return nil, err
	}
	r.now = now
	if err := s.claim(r); err != nil {
		return nil, err
	}
	if r.claims.HasSession {
		if err := s.checkSession(r.claims.Session); err != nil {
			return nil, err
		}
	}
	if err := r.parse(s); err != nil {
		return nil, err
	}
	chosen, err := s.choice(r)
	if err != nil {
		return nil, err
	}
	for _, v := range d.Videos() {
		r.standing.removeFrom(&r.claims)
		able, err := s.able(r, v, chosen)
		if err != nil {
			return nil, err
		}
		var c *cdn.CDN
		if r.before != nil {
			c = r.earlier(s, able)
		}
		if c == nil {
			c = s.pick(r.identity(v), able)
		}
		r.standing.addTo(&r.claims, c)
		issued := Issued{CDN: c}
		for i := v.First; i < v.End; i++ {
			dst = d.AppendBefore(dst, i)
			start := len(dst)
			if r.sources[i].foreign {
				dst = d.AppendText(dst, i)
				continue
			}
			source := &r.sources[i]
			r.claims.Depth = source.depth
			switch {
			case source.depth == 0:
				issued.Exact++
			case c.CookieDomain == "":
				issued.Directories++
			default:
				issued.Cookies++
				r.open(c, i)
			}
			if dst, err = c.Signer.Append(dst, &source.Source, &r.claims); err != nil {
				if dst, err = r.appendMissed(dst[:start], c, i, err); err != nil {
					return nil, r.sourceError(i, err)
				}
			}
		}
		r.issued = append(r.issued, issued)
	}
	return d.AppendRest(dst), nil
}

func (s *Signer) patterns() *document.Patterns {
	if s.Patterns == nil {
		return document.Default
	}
	return s.Patterns
}

func (s *Signer) maxURLs() int {
	if s.MaxURLs == 0 {
		return limits.URLs
	}
	return s.MaxURLs
}

// request is the memory to answer one request.
type request struct {
	document document.Document
	caller   *caller.Caller // nil: anybody
	sources  []source       // the document's URLs, parsed
	paths    []byte         // their canonical paths
	claims   token.Claims
	standing standing // what the claims have beside them, on CDNs that can
	chosen   cdn.Mask // the CDNs that the request asks for
	able     cdn.Mask // those of them that can express what a video needs

	now     int64
	step    int64          // between the expiries of two windows
	expiry  int64          // the first of the answer's URLs to end
	issued  []Issued       // for each video
	renewed *cdn.CDN       // of the first URL that was renewed
	misses  []*scheme.Miss // the signatures that are not made yet
	opened  []opened       // the directories that are opened with cookies
	before  *Pending       // the attempt before this one
}

// requests are reused, and grow to what the requests need.
var requests = sync.Pool{New: func() any { return new(request) }}

// reset forgets the request and keeps the memory.
func (r *request) reset() {
	r.document.Reset()
	r.caller, r.before, r.renewed = nil, nil, nil
	clear(r.misses)
	clear(r.opened)
	clear(r.issued)
	r.misses, r.opened, r.issued = r.misses[:0], r.opened[:0], r.issued[:0]
	clear(r.sources) // they refer to the body
	r.sources, r.paths = r.sources[:0], r.paths[:0]
}

// maxTTL is the longest that a token of a caller is good.
func (s *Signer) maxTTL(by *caller.Caller) int64 {
	if by == nil {
		return s.MaxTTL
	}
	return min(s.MaxTTL, by.MaxTTL)
}

// maxRenew is the longest that a token of a caller is renewed.
func (s *Signer) maxRenew(by *caller.Caller) int64 {
	if by == nil {
		return s.MaxRenew
	}
	return min(s.MaxRenew, by.MaxRenew)
}
