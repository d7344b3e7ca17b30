package config

import (
	"slices"

	"videotoken/internal/document"
)

// maxOrigins bounds a list that every absolute URL is compared with.
const maxOrigins = 256

// document reads what the service looks for in documents.
func (r *reader) document(n *node, field string, to *Document) {
	r.mapping(n, field, fields{
		"urls": func(n *node, f string) { to.Patterns = r.patterns(n, f) },
		"origins": func(n *node, f string) {
			r.listOf(n, f, 0, maxOrigins, func(n *node, f string) {
				if s, ok := r.text(n, f); !ok {
				} else if !isBase(s) {
					r.fail(n, f, `must be http:// or https:// and a host, and a base path if there is one, such as "https://old.example.com/films": without a query or a "/" at the end`)
				} else {
					to.Origins = append(to.Origins, s)
				}
			})
		},
		"foreign": func(n *node, f string) {
			choice, _ := r.choice(n, f, "refuse", "keep")
			to.KeepForeign = choice == "keep"
		},
	})
}

// patterns reads a list of patterns and of players' names, which stand for patterns of their own. A
// pattern in the list counts before the same one of a player.
func (r *reader) patterns(n *node, field string) *document.Patterns {
	var own, players []document.Pattern
	at := len(r.mistakes)
	r.listOf(n, field, 1, document.MaxPatterns, func(n *node, f string) {
		p, preset, ok := r.pattern(n, f)
		switch {
		case !ok:
		case preset != nil:
			players = append(players, preset...)
		case slices.ContainsFunc(own, func(other document.Pattern) bool { return other.Path == p.Path }):
			r.fail(n, f, "%q stands in the list twice: remove one", p.Path)
		default:
			if _, err := document.Compile([]document.Pattern{p}); err != nil {
				r.fail(n, f, "%v", err)
			}
			own = append(own, p)
		}
	})
	if len(r.mistakes) > at {
		return nil
	}
	for _, p := range players {
		if !slices.ContainsFunc(own, func(other document.Pattern) bool { return other.Path == p.Path }) {
			own = append(own, p)
		}
	}
	patterns, err := document.Compile(own)
	if err != nil {
		r.fail(n, field, "%v", err)
	}
	return patterns
}

// pattern reads a pattern, or the patterns of a player.
func (r *reader) pattern(n *node, field string) (p document.Pattern, preset []document.Pattern, ok bool) {
	if n.kind != mapping {
		if p.Path, ok = r.text(n, field); !ok {
			return p, nil, false
		}
		preset, _ = document.Preset(p.Path)
		return p, preset, true
	}
	r.mapping(n, field, fields{
		"path": func(n *node, f string) { p.Path, ok = r.text(n, f) },
		"scope": func(n *node, f string) {
			choice, _ := r.choice(n, f, "url", "directory")
			p.Directory = choice == "directory"
		},
	})
	if !ok {
		r.fail(n, field+".path", `is missing: where the URL stands, such as "tracks[].src"`)
	}
	return p, nil, ok
}
