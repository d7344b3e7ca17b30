package config

import (
	"time"

	"videotoken/internal/caller"
)

const (
	maxCallers = 10_000
	maxPaths   = 256 // each URL is compared with all of them
)

// callers are the API keys of those who may ask.
func (r *reader) callers(to **caller.Set) value {
	var all []caller.Entry
	hashes := map[caller.Hash]string{}
	v := entries(1, maxCallers, func(field string) value {
		e := caller.Entry{Caller: caller.Caller{MaxTTL: caller.Unlimited,
			MaxRenew: caller.Unlimited}}
		return object(r.callerFields(&e, field, hashes)).then(func(*node, string) {
			all = append(all, e)
		})
	})
	read := v.read
	v.read = func(r *reader, n *node, field string) {
		at := len(r.mistakes)
		if read(r, n, field); len(r.mistakes) > at {
			return
		}
		var err error
		if *to, err = caller.New(all); err != nil {
			r.fail(n, field, "%v", err)
		}
	}
	return v
}

// callerFields are those of one caller. hashes have the caller of each hash that stands before it.
func (r *reader) callerFields(e *caller.Entry, field string, hashes map[caller.Hash]string) fields {
	return fields{
		{"name", "The caller's name, in logs and metrics.", text(func(n *node, f, s string) {
			if e.Caller.Name = s; !caller.IsName(s) {
				r.fail(n, f, `must be 1 to 64 letters, digits, "-", "_" and "."`)
			}
		}).like(namePattern, "").needed("every caller needs it")},
		{"hash", "The hash of the API key, which keygen -caller prints; the key itself " +
			"stands nowhere.", keyHash(func(n *node, f string, h *caller.Hash) {
			if other := hashes[*h]; other != "" {
				r.fail(n, f, "is the hash of %s already: make each a key of its own", other)
			} else {
				e.Hash, hashes[*h] = *h, field
			}
		}).needed("every caller needs it")},
		{"paths", "The paths that the caller may have signed; all of allow if left out.",
			r.paths(&e.Caller.Paths)},
		{"max_ttl", "The longest life of its tokens; token.max_ttl if left out.", durationOf(
			func(d time.Duration) {
				e.Caller.MaxTTL = int64(d / time.Second)
			}, time.Second, maxTTL)},
		{"max_renew", "How long its tokens can be renewed at most; token.max_renew if left out.",
			durationOf(func(d time.Duration) {
				e.Caller.MaxRenew = int64(d / time.Second)
			}, 0, maxTTL)},
	}
}

// namePattern is how [caller.IsName] reads to an editor.
const namePattern = "^[A-Za-z0-9._-]{1,64}$"

// keyHash is the hash of an API key.
func keyHash(read func(n *node, field string, h *caller.Hash)) value {
	return value{
		read: func(r *reader, n *node, field string) {
			text := n.text // digits alone look like a number
			if n.kind != plain && n.kind != quoted {
				text = ""
			}
			h, err := caller.ParseHash(text)
			if err != nil {
				r.fail(n, field, "%v", err)
				return
			}
			read(n, field, &h)
		},
		schema: func() *schema {
			return &schema{Type: []string{"string", "number"}, Pattern: "^[0-9A-Fa-f]{64}$"}
		},
	}
}

// paths is a list of paths that may be signed.
func (r *reader) paths(to *caller.Paths) value {
	return list(1, maxPaths, text(func(n *node, f, s string) {
		p, err := caller.ParsePath(s)
		if err != nil {
			r.fail(n, f, "%v", err)
		}
		*to = append(*to, p)
	}).like("^/", ""))
}
