// Package video turns a video document into the same document with signed sources: the service's one job.
//
// Most callers want [Signer.Append]. It reads a body of `POST /video/token` and appends the response: the video
// object byte for byte as it came, except that each `src` is a URL on one CDN, with a token. Nothing is kept between
// calls, nothing refers to the body afterwards, and nothing is allocated but for errors.
//
// The JSON is read as RFC 7493 (I-JSON) asks. The package's own walker checks and reads plain bodies in one pass;
// what it does not recognize as plain, goccy/go-json's jsontext decides, and says what is wrong with it. So the walker
// may be narrower than the grammar, and tests demand that it is never wider.
package video

import (
	"sync"

	"videotoken/internal/cdn"
)

// Signer signs the sources of videos. It is safe for concurrent use. Times are in seconds.
type Signer struct {
	CDNs   *cdn.Set
	TTL    int64 // how long a token is good, where the request does not say
	MaxTTL int64 // the longest that a request may ask for
	Round  int64 // expiries are multiples of this, so that a video's URLs stay the same for a while
}

// Append appends the answer to the request body to dst, and tells for how many seconds after now, in Unix time, the
// answer's tokens are good. An error is an [*Error], and dst is then returned as it came.
func (s *Signer) Append(dst, body []byte, now int64) (out []byte, maxAge int64, err error) {
	d := documents.Get().(*document)
	out, maxAge, err = s.append(dst, body, now, d)
	d.reset()
	documents.Put(d)
	if err != nil {
		return dst, 0, err
	}
	return out, maxAge, nil
}

func (s *Signer) append(dst, body []byte, now int64, d *document) ([]byte, int64, error) {
	if err := d.read(body); err != nil {
		return nil, 0, err
	}
	claims, err := s.claims(d, now)
	if err != nil {
		return nil, 0, err
	}
	if err := d.parse(); err != nil {
		return nil, 0, err
	}
	c := s.CDNs.Pick(d.identity())
	copied := d.video.start
	for i := range d.sources[:d.n] {
		src := &d.sources[i]
		dst = append(dst, body[copied:src.src.start+1]...) // through the opening quote
		claims.Depth = src.depth
		if dst, err = c.Append(dst, &src.parsed, &claims); err != nil {
			return nil, 0, sourceError(i, err)
		}
		copied = src.src.end - 1 // from the closing quote on
	}
	return append(dst, body[copied:d.video.end]...), int64(claims.Expiry) - now, nil
}

// documents are reused: each has room for the spans of MaxSources sources.
var documents = sync.Pool{New: func() any { return new(document) }}
