package video

import (
	"encoding/json" // goccy/go-json, which has no use here, makes the program 1.8 MB larger
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"videotoken/internal/document"
)

// Options are the member `token` of a request. The zero value of each is its absence.
type Options struct {
	TTL       int64  `json:"ttl,omitempty"`       // seconds
	NotBefore int64  `json:"notBefore,omitempty"` // Unix seconds
	IP        string `json:"ip,omitempty"`
	Session   string `json:"session,omitempty"`
	Renew     int64  `json:"renew,omitempty"` // seconds
	Scope     string `json:"scope,omitempty"` // a directory
}

// URL signs one source, of the media type if it has one, as it would be in a document of its own: a
// command line's way to [Signer.Answer]. It returns the URL, and the values of Set-Cookie where the
// CDN opens directories with cookies.
func (s *Signer) URL(src, mediaType string, o Options, now int64) (string, []string, error) {
	if !utf8.ValidString(src) {
		return "", nil, errors.New("the path is not UTF-8: percent-encode its other bytes")
	}
	type source struct {
		Src  string `json:"src"`
		Type string `json:"type,omitempty"`
	}
	type video struct {
		Sources []source `json:"sources"`
	}
	body, err := json.Marshal(struct {
		Video video   `json:"video"`
		Token Options `json:"token"`
	}{video{[]source{{src, mediaType}}}, o})
	if err != nil {
		return "", nil, err
	}
	one := *s
	one.Patterns, one.KeepForeign = document.Default, false // whatever is configured for documents
	q := Question{Body: body, Now: now}
	answer, err := one.Answer(nil, q)
	var pending *Pending
	if errors.As(err, &pending) {
		if err = pending.Make(); err == nil {
			answer, err = one.Answer(nil, q)
		}
	}
	var e *Error
	var f Forbidden
	if errors.As(err, &f) {
		err = f.Reason
	}
	if errors.As(err, &e) {
		return "", nil, fmt.Errorf("%s %s", e.Pointer[strings.LastIndexByte(e.Pointer, '/')+1:],
			e.Detail)
	}
	if err != nil {
		return "", nil, err
	}
	var v video
	if err := json.Unmarshal(answer.Body, &v); err != nil {
		return "", nil, err
	}
	return v.Sources[0].Src, answer.Cookies, nil
}
