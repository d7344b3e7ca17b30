package video

import (
	"bytes"
	"fmt"

	"videotoken/internal/ascii"
	"videotoken/internal/document"
	"videotoken/internal/uri"
)

// source is one URL of the document.
type source struct {
	uri.Source
	depth   int  // of its token
	foreign bool // it stays as it is
}

// parse parses all URLs of the document, before a CDN is picked.
func (r *request) parse(s *Signer) error {
	var scope uri.Path
	var depth int
	var err error
	if !r.document.Options.Scope.IsAbsent() {
		if scope, depth, err = r.scope(); err != nil {
			return err
		}
	}
	urls := r.document.URLs()
	if cap(r.sources) < len(urls) {
		r.sources = make([]source, 0, len(urls))
	}
	for i := range urls {
		r.sources = r.sources[:i+1]
		source := &r.sources[i]
		source.foreign = false
		text := r.document.Text(urls[i].Value)
		if !uri.IsPath(text) {
			if text, err = s.Origins.Cut(text); err == uri.ErrForeign && s.KeepForeign {
				source.foreign = true
				continue
			} else if err != nil {
				return r.sourceError(i, err)
			}
		}
		if r.paths, err = source.Parse(text, r.paths); err != nil {
			return r.sourceError(i, err)
		}
		if len(s.Segments) > 0 {
			if err := s.checkSegments(source.Canonical); err != nil {
				return r.sourceError(i, err)
			}
		}
		if len(source.Query) > 0 {
			if err := s.checkQuery(source.Query); err != nil {
				return r.sourceError(i, err)
			}
		}
		switch streaming := urls[i].Directory ||
			isStreaming(r.document.Text(urls[i].Type), source.Canonical); {
		case !streaming:
			source.depth = 0
		case scope == nil:
			if source.depth, err = directory(source.Canonical); err != nil {
				return r.sourceError(i, err)
			}
		case !bytes.HasPrefix(source.Canonical, scope):
			return document.Errorf("/token/scope", "does not contain the playlist at %s: name a "+
				"directory that contains every playlist of the request", r.document.Pointer(i))
		default:
			source.depth = depth
		}
		if s.Allow != nil || r.caller != nil {
			if err := s.allow(r, i); err != nil {
				return err
			}
		}
	}
	return nil
}

// allow refuses URL i if its token would open more than anybody, or the caller, may have.
func (s *Signer) allow(r *request, i int) error {
	source := &r.sources[i]
	switch {
	case !s.Allow.Allows(source.Canonical, source.depth):
		return Forbidden{&Error{Pointer: r.document.Pointer(i), Detail: "is outside the paths " +
			"that this service signs, or its token would open more than they have"}}
	case r.caller != nil && !r.caller.Allows(source.Canonical, source.depth):
		return Forbidden{&Error{Pointer: r.document.Pointer(i), Detail: "is outside the paths " +
			"that this API key is for, or its token would open more than they have"}}
	}
	return nil
}

// checkQuery refuses the parameters that CDNs use for tokens of their own.
func (s *Signer) checkQuery(query []byte) error {
	for _, name := range s.Reserved {
		if uri.HasParameter(query, name) {
			return fmt.Errorf("must not have the query parameter %q, which carries "+
				"tokens: remove it", name)
		}
	}
	return nil
}

// checkSegments refuses the path segments that carry tokens of CDNs.
func (s *Signer) checkSegments(path uri.Path) error {
	for rest := []byte(path); bytes.IndexByte(rest, '=') > 0; {
		rest = rest[1:] // the slash
		segment := rest
		if i := bytes.IndexByte(rest, '/'); i >= 0 {
			segment, rest = rest[:i], rest[i:]
		} else {
			rest = nil
		}
		name, _, found := bytes.Cut(segment, []byte("="))
		if !found {
			continue
		}
		for _, reserved := range s.Segments {
			if ascii.EqualLower(name, reserved) {
				return fmt.Errorf("must not have the path segment %q, which carries "+
					"tokens: rename it", reserved+"=...")
			}
		}
	}
	return nil
}

func (r *request) sourceError(i int, err error) error {
	return &Error{Pointer: r.document.Pointer(i), Detail: err.Error()}
}

// identity is what affinity goes by: the video's id where it is a number or a string that is not
// empty, else the text of its first URL.
func (r *request) identity(v document.Video) []byte {
	d := &r.document
	if d.IsString(v.ID) {
		if text := d.Text(v.ID); len(text) > 0 {
			return text
		}
	} else if d.IsNumber(v.ID) {
		return d.Bytes(v.ID)
	}
	return d.Text(d.URLs()[v.First].Value)
}
