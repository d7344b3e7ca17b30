package config

import (
	"slices"
	"strings"

	"videotoken/internal/document"
)

// maxOrigins bounds a list that every absolute URL is compared with.
const maxOrigins = 256

// document says what the service looks for in documents.
func (r *reader) document(to *Document) value {
	foreign := foreigns[0]
	return object(fields{
		{"urls", "Which strings are URLs: names joined by \".\", with [] after an array's; or " +
			"plyr, videojs, jwplayer.", r.patterns(&to.Patterns)},
		{"origins", "Absolute URLs that start so are signed, besides the CDNs' own.", list(0,
			maxOrigins, text(func(n *node, f, s string) {
				if !isBase(s) {
					r.fail(n,
						f, `must be http:// or https:// and a host, and a base path if there is one, such as "https://old.example.com/films": without a query or a "/" at the end`)
				}
				to.Origins = append(to.Origins, s)
			}).like(basePattern, ""))},
		{"foreign", "What happens to other absolute URLs: they are refused, or kept as they are.",
			choice(&foreign, foreigns...).then(func(*node, string) {
				to.KeepForeign = foreign == "keep"
			})},
	})
}

var (
	foreigns = []string{"refuse", "keep"}
	scopes   = []string{"url", "directory"}
)

// patterns is a list of patterns and of players' names, which stand for patterns of their own. A
// pattern in the list counts before the same one of a player.
func (r *reader) patterns(to **document.Patterns) value {
	var own, players []document.Pattern
	v := list(1, document.MaxPatterns, r.pattern(func(n *node, f string, p document.Pattern) {
		if slices.ContainsFunc(own, func(other document.Pattern) bool {
			return other.Path == p.Path
		}) {
			r.fail(n, f, "%q stands in the list twice: remove one", p.Path)
			return
		}
		if _, err := document.Compile([]document.Pattern{p}); err != nil {
			r.fail(n, f, "%v", err)
		}
		own = append(own, p)
	}, func(preset []document.Pattern) { players = append(players, preset...) }))
	read, of := v.read, v.schema
	v.read = func(r *reader, n *node, field string) {
		at := len(r.mistakes)
		if read(r, n, field); len(r.mistakes) > at {
			return
		}
		for _, p := range players {
			if !slices.ContainsFunc(own, func(other document.Pattern) bool {
				return other.Path == p.Path
			}) {
				own = append(own, p)
			}
		}
		var err error
		if *to, err = document.Compile(own); err != nil {
			r.fail(n, field, "%v", err)
		}
	}
	v.schema = func() *schema {
		s := of()
		s.Default = strings.Split((*to).String(), ", ")
		return s
	}
	return v
}

// pattern is a pattern, as a string or a mapping, or the name of a player, whose patterns are
// handed on.
func (r *reader) pattern(read func(n *node, field string, p document.Pattern),
	player func([]document.Pattern)) value {
	mapped := func(done func(n *node, field string, p document.Pattern)) value {
		var p document.Pattern
		hasPath, scope := false, scopes[0]
		return object(fields{
			{"path", "Where the URL stands, such as tracks[].src.",
				text(func(_ *node, _, s string) {
					p.Path, hasPath = s, true
				}).needed(`where the URL stands, such as "tracks[].src"`)},
			{"scope", "directory: its token opens the URL's whole directory.", choice(
				&scope, scopes...).then(func(*node, string) {
				p.Directory = scope == "directory"
			})},
		}).then(func(n *node, f string) {
			if hasPath {
				done(n, f, p)
			}
		})
	}
	return value{
		read: func(r *reader, n *node, field string) {
			if n.kind == mapping {
				mapped(read).read(r, n, field)
			} else if s, ok := r.text(n, field); ok {
				if preset, ok := document.Preset(s); ok {
					player(preset)
				} else {
					read(n, field, document.Pattern{Path: s})
				}
			}
		},
		schema: func() *schema {
			return &schema{AnyOf: []*schema{{Type: "string"}, mapped(nil).schema()}}
		},
	}
}
