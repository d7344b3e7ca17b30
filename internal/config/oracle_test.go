package config

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/goccy/go-yaml/ast"
	yaml "github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// oracle reads a file with a complete YAML parser.
func oracle(data []byte) (*node, error) {
	file, err := yaml.ParseBytes(bytes.TrimPrefix(data, []byte("\uFEFF")), 0, yaml.AllowDuplicateMapKey())
	if err != nil {
		return nil, err
	}
	var root *node
	for _, doc := range file.Docs {
		if doc.Body == nil || doc.Body.Type() == ast.CommentType {
			continue
		}
		if root != nil {
			return nil, fmt.Errorf("two documents")
		}
		root = fromAST(doc.Body)
	}
	if root == nil {
		root = &node{}
	}
	return root, nil
}

func fromAST(n ast.Node) *node {
	out := &node{}
	switch n := n.(type) {
	case nil, *ast.NullNode:
	case *ast.MappingNode:
		out.kind = mapping
		for _, m := range n.Values {
			out.pairs = append(out.pairs, pair{fromAST(m.Key), fromAST(m.Value)})
		}
	case *ast.MappingValueNode:
		out.kind = mapping
		out.pairs = []pair{{fromAST(n.Key), fromAST(n.Value)}}
	case *ast.SequenceNode:
		out.kind = sequence
		for _, v := range n.Values {
			out.items = append(out.items, fromAST(v))
		}
	case *ast.StringNode:
		out.kind, out.text = plain, n.Value
		if n.Token.Type == token.SingleQuoteType || n.Token.Type == token.DoubleQuoteType {
			out.kind = quoted
		}
	default:
		out.kind, out.text = plain, n.GetToken().Value
	}
	return out
}

// withoutNulls replaces every null by nothing, for the oracle does not tell one from the other.
func withoutNulls(n *node) *node {
	for i, item := range n.items {
		n.items[i] = withoutNulls(item)
	}
	for i, m := range n.pairs {
		n.pairs[i] = pair{withoutNulls(m.key), withoutNulls(m.value)}
	}
	if n.isNull() {
		return &node{}
	}
	return n
}

// FuzzYAML: what the parser accepts, a complete YAML parser reads the same.
func FuzzYAML(f *testing.F) {
	for _, c := range readable {
		f.Add([]byte(c.yaml))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		root, err := parse(data)
		if err != nil {
			return
		}
		want, oracleErr := oracle(data)
		if oracleErr != nil {
			t.Fatalf("accepted %q, which is not YAML: %v", data, oracleErr)
		}
		if got, want := withoutNulls(root).String(), withoutNulls(want).String(); got != want {
			t.Errorf("%q:\ngot  %s\nwant %s", data, got, want)
		}
	})
}
