// Package video signs videos, which is the service's one job: it turns a video document into the
// same document with signed URLs. Its policy decides what tokens say and what they open;
// internal/document reads the JSON, and internal/cdn picks the CDN and writes each URL.
//
// Most callers want [Signer.Append]. It reads a body of `POST /video/token` and appends the
// response: the video object byte for byte as it came, except that each `src` is a URL on one CDN,
// with a token. It keeps nothing between calls, does not refer to the body afterwards, and
// allocates only for errors.
package video

import (
	"sync"

	"videotoken/internal/cdn"
	"videotoken/internal/document"
	"videotoken/internal/uri"
)

// Signer signs the sources of videos. It is safe for concurrent use. Times are in seconds.
type Signer struct {
	CDNs    *cdn.Set
	TTL     int64 // how long a token is good where the request does not say; never longer than MaxTTL
	MaxTTL  int64 // the longest that a token is good
	Round   int64 // expiries are multiples of this, so that a video's URLs stay the same for a while
	MaxURLs int   // how many URLs a request may have; 0 stands for DefaultMaxURLs
}

// DefaultMaxURLs is how many URLs a request may have where nothing else is configured.
const DefaultMaxURLs = 256

// Error is what is wrong with a request body.
type Error = document.Error

// Append appends the answer to the request body to dst, and returns for how many seconds after now,
// in Unix time, the answer's tokens are good. An error is an [*Error], and dst is then returned as
// it came.
func (s *Signer) Append(dst, body []byte, now int64) (out []byte, maxAge int64, err error) {
	r := requests.Get().(*request)
	out, maxAge, err = s.sign(dst, body, now, r)
	r.reset()
	requests.Put(r)
	if err != nil {
		return dst, 0, err
	}
	return out, maxAge, nil
}

func (s *Signer) sign(dst, body []byte, now int64, r *request) ([]byte, int64, error) {
	maxURLs := s.MaxURLs
	if maxURLs == 0 {
		maxURLs = DefaultMaxURLs
	}
	if err := r.document.Read(body, maxURLs); err != nil {
		return nil, 0, err
	}
	claims, err := s.claims(&r.document, now)
	if err != nil {
		return nil, 0, err
	}
	if err := r.parse(); err != nil {
		return nil, 0, err
	}
	c := s.CDNs.Pick(r.identity())
	for i := range r.sources {
		source := &r.sources[i]
		claims.Depth = source.depth
		if dst, err = c.Append(r.document.AppendBefore(dst, i), &source.Source, &claims); err != nil {
			return nil, 0, r.sourceError(i, err)
		}
	}
	return r.document.AppendRest(dst), int64(claims.Expiry) - now, nil
}

// request is the memory to answer one request.
type request struct {
	document document.Document
	sources  []source // the document's URLs, taken apart
	paths    []byte   // their canonical paths
}

type source struct {
	uri.Source
	depth int // of its token
}

// requests are reused, and grow to what the requests need.
var requests = sync.Pool{New: func() any { return new(request) }}

// reset forgets the request and keeps the memory.
func (r *request) reset() {
	r.document.Reset()
	clear(r.sources) // they refer to the body
	r.sources, r.paths = r.sources[:0], r.paths[:0]
}

// parse takes all URLs of the document apart: what is wrong with one of them does not depend on the
// CDN.
func (r *request) parse() (err error) {
	urls := r.document.URLs()
	if cap(r.sources) < len(urls) {
		r.sources = make([]source, 0, len(urls))
	}
	for i := range urls {
		r.sources = r.sources[:i+1]
		source := &r.sources[i]
		if r.paths, err = source.Parse(r.document.Text(urls[i].Value), r.paths); err != nil {
			return r.sourceError(i, err)
		}
		if source.depth, err = depth(&source.Source, r.document.Text(urls[i].Type)); err != nil {
			return r.sourceError(i, err)
		}
	}
	return nil
}

func (r *request) sourceError(i int, err error) error {
	return &Error{Pointer: r.document.Pointer(i), Detail: err.Error()}
}

// identity is what affinity goes by: the video's id where it is a number or a string that is not
// empty, else the text of the first source.
func (r *request) identity() []byte {
	d := &r.document
	if id := d.VideoID; d.IsString(id) {
		if text := d.Text(id); len(text) > 0 {
			return text
		}
	} else if d.IsNumber(id) {
		return d.Bytes(id)
	}
	return d.Text(d.URLs()[0].Value)
}
