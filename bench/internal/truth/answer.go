package truth

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"videotoken/token"
)

// Answer is the right answer to one body: the same video, byte for byte, except for the URLs of its
// sources.
type Answer struct {
	config *Config
	// paths has the values of the sources' src, and pieces the video's bytes before, between and
	// after them.
	pieces, paths [][]byte
	// Length is the length of every right answer in bytes.
	Length int
}

var (
	// ErrBody is the error of a body whose answer cannot be checked.
	ErrBody = errors.New("not a body the answer to which can be checked")
	// ErrWrong is the error of a wrong answer. Its texts do not contain parts of the answer, so
	// that they can be counted.
	ErrWrong = errors.New("wrong answer")
)

// NewAnswer prepares the answer to a body, whose sources must be plain paths, as in the baseline's
// body.
func NewAnswer(c *Config, body []byte) (*Answer, error) {
	var doc struct{ Video json.RawMessage }
	if err := json.Unmarshal(body, &doc); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBody, err)
	}
	var video struct {
		Sources []struct{ Src json.RawMessage }
	}
	if err := json.Unmarshal(doc.Video, &video); err != nil || len(video.Sources) == 0 {
		return nil, fmt.Errorf("%w: want {\"video\":{\"sources\":[{\"src\":\"/path\"}]}}", ErrBody)
	}
	a := &Answer{config: c}
	rest := []byte(doc.Video)
	for _, s := range video.Sources {
		// The bytes of the value as they are in the document: no earlier member has the same name
		// before it.
		quoted := append([]byte(`"src":`), s.Src...)
		i := bytes.Index(rest, quoted)
		if i < 0 || len(s.Src) < 3 || s.Src[1] != '/' || bytes.ContainsAny(s.Src, `\?#`) {
			return nil, fmt.Errorf("%w: src %s: want \"src\":\"/path\", without spaces, escapes, "+
				"queries and fragments", ErrBody, s.Src)
		}
		start := i + len(`"src":"`)
		end := i + len(quoted) - len(`"`)
		a.pieces = append(a.pieces, rest[:start])
		a.paths = append(a.paths, rest[start:end])
		rest = rest[end:]
	}
	a.pieces = append(a.pieces, rest)
	const text = len("?token=") + 32
	a.Length = len(doc.Video) + len(a.paths)*(len(c.CDNs[0].URL)+text)
	return a, nil
}

// Check verifies a whole answer: every byte around the tokens, that all sources are on one CDN, and
// each token with the package that an edge uses. It does not allocate if the answer is right.
func (a *Answer) Check(body []byte, now time.Time) error {
	rest, ok := bytes.CutPrefix(body, a.pieces[0])
	var cdn *CDN
	for i, path := range a.paths {
		if !ok {
			return fmt.Errorf("%w: the video is not the one that was sent", ErrWrong)
		}
		if cdn == nil {
			cdn = a.find(rest)
		}
		if cdn == nil || !bytes.HasPrefix(rest, []byte(cdn.URL)) {
			return fmt.Errorf("%w: a source that is on no CDN, or not on the first one's", ErrWrong)
		}
		end := bytes.IndexByte(rest, '"')
		if end < 0 {
			return fmt.Errorf("%w: a source without an end", ErrWrong)
		}
		uri := rest[len(cdn.URL):end]
		v, err := cdn.Keys.Verify(token.Request{URI: uri, Now: now.Unix()})
		switch {
		case err != nil:
			return fmt.Errorf("%w: %w", ErrWrong, err)
		case !bytes.Equal(v.Path, path):
			return fmt.Errorf("%w: a token for another path", ErrWrong)
		case int64(v.Claims.Expiry) > now.Add(a.config.TTL).Unix()+1:
			return fmt.Errorf("%w: a token that is good for longer than the configuration says",
				ErrWrong)
		}
		rest, ok = bytes.CutPrefix(rest[end:], a.pieces[i+1])
	}
	if !ok || len(rest) > 0 {
		return fmt.Errorf("%w: the video is not the one that was sent", ErrWrong)
	}
	return nil
}

func (a *Answer) find(url []byte) *CDN {
	for i := range a.config.CDNs {
		if cdn := &a.config.CDNs[i]; bytes.HasPrefix(url, []byte(cdn.URL)) &&
			url[min(len(cdn.URL), len(url)-1)] == '/' {
			return cdn
		}
	}
	return nil
}
