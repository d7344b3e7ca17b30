package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
	"go.yaml.in/yaml/v4/plugin/loaderlimits"
)

// A file is read by the YAML organization's parser, whose cost grows with the length of a file.
// What two programs may read in two ways, or what makes a long file of a short one, is refused by
// name: anchors, aliases, merge keys, tags, several documents, deep nesting.
const (
	maxSize    = 256 << 10 // bytes of a file
	maxNesting = 16        // collections inside one another: a configuration has 5
)

// syntaxError is a mistake after which the rest of the file cannot be read.
type syntaxError struct {
	place
	message string
}

// The mistakes that have words of their own, for the parser's would not say what to change.
const (
	tooLarge  = "the file has more than 256 KiB, which no configuration needs"
	tooDeep   = "is nested deeper than 16 levels, which no configuration needs"
	anAnchor  = `has a "&", an anchor, or a "*", an alias, which are not read: write the value out, and put a text into quotes`
	aMergeKey = `is "<<", the merge key of YAML, which is not read: write the members out`
	aTag      = `has a "!", a tag, which is not read: remove it, and put a text into quotes`
	aTab      = "is a tab, which YAML does not take for indentation: use spaces"
	documents = "a second YAML document starts here: a configuration is one document"
	aKey      = "is a collection in the place of a name: a name is a single word"
	notYAML   = "is not YAML: "
)

// parse reads a file into its tree. An empty file has an empty root.
func parse(data []byte) (*node, *syntaxError) {
	if len(data) > maxSize {
		return nil, &syntaxError{place{1, 1}, tooLarge}
	}
	if at := invalidUTF8(data); at >= 0 {
		line := data[bytes.LastIndexByte(data[:at], '\n')+1 : at]
		return nil, &syntaxError{place{1 + bytes.Count(data[:at], []byte("\n")),
			1 + utf8.RuneCount(line)}, "is not UTF-8"}
	}
	loader, err := yaml.NewLoader(bytes.NewReader(data),
		yaml.WithPlugin(loaderlimits.New(loaderlimits.DepthValue(maxNesting))))
	if err != nil {
		return nil, invalid(data, err)
	}
	var document, second yaml.Node
	switch err := loader.Load(&document); {
	case errors.Is(err, io.EOF):
		return &node{place: place{1, 1}}, nil
	case err != nil:
		return nil, invalid(data, err)
	}
	switch err := loader.Load(&second); {
	case err == nil:
		return nil, &syntaxError{place{second.Line, second.Column}, documents}
	case !errors.Is(err, io.EOF):
		return nil, invalid(data, err)
	}
	return fromYAML(document.Content[0], 0)
}

// invalidUTF8 returns the offset of the first byte that is not UTF-8, -1 for none.
func invalidUTF8(data []byte) int {
	for i := 0; i < len(data); {
		r, size := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && size == 1 {
			return i
		}
		i += size
	}
	return -1
}

// invalid makes the mistake of a parser's error. It repeats no part of the file, which may be a
// secret.
func invalid(data []byte, err error) *syntaxError {
	var e *yaml.LoadError
	if !errors.As(err, &e) {
		return &syntaxError{place{1, 1}, notYAML + err.Error()}
	}
	at := place{max(e.Mark.Line, 1), max(e.Mark.Column, 1)}
	switch i := e.Mark.Index; {
	case i < len(data) && data[i] == '\t':
		return &syntaxError{at, aTab}
	case strings.Contains(e.Message, "anchor") || strings.HasSuffix(e.ContextMsg, "anchor") ||
		strings.HasSuffix(e.ContextMsg, "alias"):
		return &syntaxError{at, anAnchor}
	case strings.Contains(e.Message, "depth"):
		return &syntaxError{at, tooDeep}
	}
	while := ""
	if e.ContextMsg != "" {
		while = fmt.Sprintf(" %s that starts on line %d, column %d", e.ContextMsg,
			e.ContextMark.Line, e.ContextMark.Column)
	}
	return &syntaxError{at, notYAML + e.Message + while +
		": put texts into quotes, and indent the members of a collection alike"}
}

// fromYAML makes a node, and refuses what is not read.
func fromYAML(y *yaml.Node, depth int) (*node, *syntaxError) {
	n := &node{place: place{y.Line, y.Column}, text: y.Value}
	switch {
	case y.Kind == yaml.AliasNode || y.Anchor != "":
		return nil, &syntaxError{n.place, anAnchor}
	case y.Style&yaml.TaggedStyle != 0:
		return nil, &syntaxError{n.place, aTag}
	case depth > maxNesting || depth == maxNesting && y.Kind != yaml.ScalarNode:
		return nil, &syntaxError{n.place, tooDeep}
	}
	switch y.Kind {
	case yaml.MappingNode:
		n.kind = mapping
	case yaml.SequenceNode:
		n.kind = sequence
	default:
		switch {
		case y.Style&^yaml.FlowStyle != 0:
			n.kind = quoted
		case y.Value != "":
			n.kind = plain
		}
	}
	values := make([]*node, len(y.Content))
	for i, child := range y.Content {
		var err *syntaxError
		if values[i], err = fromYAML(child, depth+1); err != nil {
			return nil, err
		}
	}
	if n.kind == sequence {
		n.items = values
		return n, nil
	}
	for i := 0; i < len(values); i += 2 {
		key := values[i]
		switch {
		case key.kind == mapping || key.kind == sequence:
			return nil, &syntaxError{key.place, aKey}
		case key.kind == plain && key.text == "<<":
			return nil, &syntaxError{key.place, aMergeKey}
		}
		n.pairs = append(n.pairs, pair{key, values[i+1]})
	}
	return n, nil
}
