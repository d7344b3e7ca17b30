package config

import (
	"regexp"
	"strings"
)

// node is a value of the file.
type node struct {
	kind  kind
	text  string  // of a plain or quoted scalar
	pairs []pair  // of a mapping
	items []*node // of a sequence
	at    int     // the offset of its first byte in the file
}

type kind int

const (
	empty    kind = iota // nothing stands where a value could: YAML's null
	plain                // a scalar without quotes
	quoted               // a scalar in quotes, which is a string whatever it looks like
	mapping              // names and values
	sequence             // a list
)

// pair is a member of a mapping.
type pair struct{ key, value *node }

// otherTypes matches the plain scalars that YAML 1.2 or programs that read YAML 1.1 take for something else
// than a string: numbers, booleans and null.
var otherTypes = regexp.MustCompile(`^(?i:[-+]?[0-9][0-9_]*|[-+]?0[ox][0-9a-f_]+|[-+]?(\.[0-9]+|[0-9]+\.[0-9]*)(e[-+]?[0-9]+)?|[-+]?[0-9]+e[-+]?[0-9]+|[-+]?\.inf|\.nan|true|false|null|~)$`)

// isString reports whether the node is a string.
func (n *node) isString() bool {
	return n.kind == quoted || n.kind == plain && !otherTypes.MatchString(n.text)
}

// isNull reports whether the node is YAML's null, written out or not.
func (n *node) isNull() bool {
	return n.kind == empty || n.kind == plain && (n.text == "~" || strings.EqualFold(n.text, "null"))
}
