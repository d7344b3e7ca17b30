package config

import (
	"net/url"
	"path/filepath"

	"videotoken/internal/revoked"
)

// Revocations say where the sessions that are revoked are kept: in one of both, or nowhere.
type Revocations struct {
	File  string
	Redis string // a URL
}

// IsZero reports whether none can be revoked.
func (v Revocations) IsZero() bool { return v == Revocations{} }

func (r *reader) revocations(n *node, field string, v *Revocations) {
	at := len(r.mistakes)
	r.mapping(n, field, fields{
		"file": func(n *node, f string) {
			if name, ok := r.text(n, f); ok {
				if !filepath.IsAbs(name) {
					name = filepath.Join(r.dir, name)
				}
				v.File = name
			}
		},
		"redis": func(n *node, f string) {
			text, ok := r.text(n, f)
			if !ok {
				return
			}
			if err := revoked.CheckRedis(text); err != nil {
				r.fail(n, f, "%v", err)
				return
			}
			if u, err := url.Parse(text); err == nil && u.User != nil {
				r.inline = true
			}
			v.Redis = text
		},
	})
	if len(r.mistakes) == at && (v.File == "") == (v.Redis == "") {
		r.fail(n, field, "needs a file, or the URL of Redis or Valkey for several machines, and not both")
	}
}
