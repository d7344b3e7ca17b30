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

// revocations says where revoked sessions are kept.
func (r *reader) revocations(v *Revocations) value {
	return object(fields{
		{"file", "A file of this machine, which the service writes.", text(
			func(n *node, f, name string) {
				if !filepath.IsAbs(name) {
					name = filepath.Join(r.dir, name)
				}
				v.File = name
			})},
		{"redis", "The URL of Redis or Valkey, which several machines share.", text(
			func(n *node, f, s string) {
				if err := revoked.CheckRedis(s); err != nil {
					r.fail(n, f, "%v", err)
					return
				}
				if u, err := url.Parse(s); err == nil && u.User != nil {
					r.inline = true
				}
				v.Redis = s
			})},
	}).either("needs a file, or the URL of Redis or Valkey for several machines, and not both", "",
		"file", "redis")
}
