package config

import (
	"time"

	"videotoken/internal/caller"
)

const (
	maxCallers = 10_000
	maxPaths   = 256 // each URL is compared with all of them
)

// callers reads the API keys of those who may ask.
func (r *reader) callers(n *node, field string) *caller.Set {
	at := len(r.mistakes)
	var entries []caller.Entry
	hashes := map[caller.Hash]string{}
	r.listOf(n, field, 1, maxCallers, func(n *node, field string) {
		e := caller.Entry{Caller: caller.Caller{MaxTTL: caller.Unlimited, MaxRenew: caller.Unlimited}}
		missing := map[string]bool{"name": true, "hash": true}
		r.mapping(n, field, fields{
			"name": func(n *node, f string) {
				delete(missing, "name")
				var ok bool
				if e.Caller.Name, ok = r.text(n, f); ok && !caller.IsName(e.Caller.Name) {
					r.fail(n, f, `must be 1 to 64 letters, digits, "-", "_" and "."`)
				}
			},
			"hash": func(n *node, f string) {
				delete(missing, "hash")
				h := r.hash(n, f)
				if h == nil {
					return
				}
				if other := hashes[*h]; other != "" {
					r.fail(n, f, "is the hash of %s already: make each a key of its own", other)
				} else {
					e.Hash, hashes[*h] = *h, field
				}
			},
			"paths": func(n *node, f string) { e.Caller.Paths = r.paths(n, f) },
			"max_ttl": func(n *node, f string) {
				if d, ok := r.duration(n, f, time.Second, maxTTL); ok {
					e.Caller.MaxTTL = int64(d / time.Second)
				}
			},
			"max_renew": func(n *node, f string) {
				if d, ok := r.duration(n, f, 0, maxTTL); ok {
					e.Caller.MaxRenew = int64(d / time.Second)
				}
			},
		})
		for _, name := range []string{"name", "hash"} {
			if n.kind == mapping && missing[name] {
				r.fail(n, field+"."+name, "is missing: every caller needs it")
			}
		}
		entries = append(entries, e)
	})
	if len(r.mistakes) > at {
		return nil
	}
	set, err := caller.New(entries)
	if err != nil {
		r.fail(n, field, "%v", err)
	}
	return set
}

// hash reads the hash of an API key. It returns nil for a mistake, which it reports.
func (r *reader) hash(n *node, field string) *caller.Hash {
	text := n.text // digits alone look like a number
	if n.kind != plain && n.kind != quoted {
		text = ""
	}
	h, err := caller.ParseHash(text)
	if err != nil {
		r.fail(n, field, "%v", err)
		return nil
	}
	return &h
}

// paths reads a list of paths that may be signed.
func (r *reader) paths(n *node, field string) (paths caller.Paths) {
	r.listOf(n, field, 1, maxPaths, func(n *node, f string) {
		if text, ok := r.text(n, f); ok {
			p, err := caller.ParsePath(text)
			if err != nil {
				r.fail(n, f, "%v", err)
			}
			paths = append(paths, p)
		}
	})
	return paths
}
