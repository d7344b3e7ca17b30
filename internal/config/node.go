package config

import (
	"errors"
	"strconv"
	"strings"
)

// node is a value of the file.
type node struct {
	place
	kind  kind
	text  string  // of a plain or quoted scalar
	pairs []pair  // of a mapping
	items []*node // of a sequence
}

// place is where a node starts in the file, both counted from 1, columns in characters.
type place struct{ line, column int }

type kind int

const (
	empty    kind = iota // nothing stands where a value could: YAML's null
	plain                // a scalar without quotes
	quoted               // a scalar in quotes, or a block of lines: a string whatever it looks like
	mapping              // names and values
	sequence             // a list
)

// pair is a member of a mapping.
type pair struct{ key, value *node }

// isString reports whether the node is a string. A plain scalar is none if a program may read it as
// a number, a boolean or null.
func (n *node) isString() bool {
	if n.kind != plain {
		return n.kind == quoted
	}
	switch strings.ToLower(n.text) {
	case "true", "false", "null", "~", ".inf", "-.inf", "+.inf", ".nan":
		return false
	}
	return strings.IndexByte("+-.0123456789", n.text[0]) < 0 || !looksLikeNumber(n.text)
}

// looksLikeNumber reports whether YAML 1.1 or 1.2 reads s as a number.
func looksLikeNumber(s string) bool {
	s = strings.ReplaceAll(s, "_", "")
	_, float := strconv.ParseFloat(s, 64)
	_, integer := strconv.ParseInt(s, 0, 64)
	isNumber := func(err error) bool { return err == nil || errors.Is(err, strconv.ErrRange) }
	return isNumber(float) || isNumber(integer)
}

// isNull reports whether the node is YAML's null, written out or not.
func (n *node) isNull() bool {
	return n.kind == empty ||
		n.kind == plain && (n.text == "~" || strings.EqualFold(n.text, "null"))
}
