package config

import (
	"slices"
	"strings"
	"time"
)

// value is what may stand at one place of the file: how the reader reads it, and what the JSON
// schema says about it. Each field is declared once, with both, so that neither knows what the
// other does not.
type value struct {
	read    func(r *reader, n *node, field string)
	schema  func() *schema
	missing string // what is said where it is missing; "" for a member that may be left out
}

// member is a member of a mapping.
type member struct {
	name, doc string // doc is one sentence
	value
}

// fields are the members of a mapping. Those that are missing are reported in this order.
type fields []member

// String lists the names, sorted.
func (f fields) String() string {
	names := make([]string, 0, len(f))
	for _, m := range f {
		names = append(names, m.name)
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

// lookup returns the member with the given name, nil for an unknown name.
func (f fields) lookup(name string) *member {
	for i := range f {
		if f[i].name == name {
			return &f[i]
		}
	}
	return nil
}

// needed has a mapping without this member reported: after "is missing: " stands why it is needed.
func (v value) needed(why string) value {
	v.missing = why
	return v
}

// then calls a function once the value was read.
func (v value) then(done func(n *node, field string)) value {
	read := v.read
	v.read = func(r *reader, n *node, field string) {
		read(r, n, field)
		done(n, field)
	}
	return v
}

// at notes where the value stands.
func (v value) at(to **node) value { return v.then(func(n *node, _ string) { *to = n }) }

// either reports a mapping that does not have exactly one of the named members. none is the message
// if it has no such member, several the message if it has more than one; if several is empty, none
// is used for both.
func (v value) either(none, several string, names ...string) value {
	of := v.schema
	v.schema = func() *schema {
		s := of()
		for _, name := range names {
			s.OneOf = append(s.OneOf, &schema{Required: []string{name}})
		}
		return s
	}
	read := v.read
	v.read = func(r *reader, n *node, field string) {
		read(r, n, field)
		var found []string
		var last *node
		for _, p := range n.pairs {
			if name := p.key.text; slices.Contains(names, name) && !slices.Contains(found, name) &&
				!p.value.isNull() {
				found, last = append(found, name), p.value
			}
		}
		switch {
		case n.kind != mapping:
		case len(found) == 0, len(found) > 1 && several == "":
			r.fail(n, field, "%s", none)
		case len(found) > 1:
			r.fail(last, field, "%s", several)
		}
	}
	return v
}

// object is a mapping.
func object(known fields) value {
	return value{
		read:   func(r *reader, n *node, field string) { r.mapping(n, field, known) },
		schema: known.schema,
	}
}

// list is a list whose elements are read alike, of any length if most is 0.
func list(least, most int, item value) value {
	return entries(least, most, func(string) value { return item })
}

// entries is a list of elements that are read one by one, each into its own variables: of any
// length if most is 0.
func entries(least, most int, item func(field string) value) value {
	return value{
		read: func(r *reader, n *node, field string) {
			r.list(n, field, least, most, func(n *node, field string) {
				item(field).read(r, n, field)
			})
		},
		schema: func() *schema {
			return &schema{Type: "array", Items: item("").schema(), MinItems: least, MaxItems: most}
		},
	}
}

// text is a string, which is handed on.
func text(read func(n *node, field, text string)) value {
	return value{
		read: func(r *reader, n *node, field string) {
			if s, ok := r.text(n, field); ok {
				read(n, field, s)
			}
		},
		schema: func() *schema { return &schema{Type: "string"} },
	}
}

// like says to editors how a string looks, by a regular expression, and what it is by default. The
// reader checks more than that.
func (v value) like(pattern, byDefault string) value {
	of := v.schema
	v.schema = func() *schema {
		s := of()
		if s.Pattern = pattern; byDefault != "" {
			s.Default = byDefault
		}
		return s
	}
	return v
}

// boolean is true or false. What *to is before is the default, here and below.
func boolean(to *bool) value {
	return value{
		read:   func(r *reader, n *node, field string) { *to = r.boolean(n, field) },
		schema: func() *schema { return &schema{Type: "boolean", Default: *to} },
	}
}

// number is a whole number in a range.
func number[T int | int64](to *T, least, most int64) value {
	return value{
		read: func(r *reader, n *node, field string) {
			if v, ok := r.number(n, field, least, most); ok {
				*to = T(v)
			}
		},
		schema: func() *schema {
			return &schema{Type: "integer", Minimum: &least, Maximum: &most, Default: *to}
		},
	}
}

// size is a number of bytes in a range. orAuto says that "auto", which is 0, may stand there, too.
func size[T int | int64](to *T, least, most int64, orAuto bool) value {
	also, pattern := "", "^[0-9]+([GMK]iB)?$"
	if orAuto {
		also, pattern = "auto or ", "^(auto|[0-9]+([GMK]iB)?)$"
	}
	return value{
		read: func(r *reader, n *node, field string) {
			if orAuto && n.text == "auto" {
				*to = 0
			} else if v, ok := r.size(n, field, least, most, also); ok {
				*to = T(v)
			}
		},
		schema: func() *schema {
			s := &schema{Type: []string{"string", "integer"}, Pattern: pattern, Minimum: &least,
				Maximum: &most, Default: formatSize(int64(*to))}
			if orAuto && *to == 0 {
				s.Default = "auto"
			}
			return s
		},
	}
}

// without takes the default away, of a member that has none.
func (v value) without() value {
	of := v.schema
	v.schema = func() *schema {
		s := of()
		s.Default = nil
		return s
	}
	return v
}

// durationOf is a duration of whole seconds in a range, which is handed on.
func durationOf(read func(d time.Duration), least, most time.Duration) value {
	return value{
		read: func(r *reader, n *node, field string) {
			if d, ok := r.duration(n, field, least, most); ok {
				read(d)
			}
		},
		schema: func() *schema {
			return &schema{Type: "string", Pattern: `^[+]?(0|([0-9.]+[hmsunµμ]+)+)$`}
		},
	}
}

// duration is a duration of whole seconds in a range.
func duration(to *time.Duration, least, most time.Duration) value {
	v := durationOf(func(d time.Duration) { *to = d }, least, most)
	of := v.schema
	v.schema = func() *schema {
		s := of()
		s.Default = formatDuration(*to)
		return s
	}
	return v
}

// choice is one of several strings.
func choice(to *string, choices ...string) value {
	return value{
		read: func(r *reader, n *node, field string) {
			if s, ok := r.choice(n, field, choices...); ok {
				*to = s
			}
		},
		schema: func() *schema {
			s := &schema{Enum: choices}
			if *to != "" {
				s.Default = *to
			}
			return s
		},
	}
}
