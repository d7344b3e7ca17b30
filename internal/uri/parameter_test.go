package uri

import (
	"bytes"
	"fmt"
	"testing"
)

func TestHasParameter(t *testing.T) {
	for _, c := range []struct {
		query, name string
		want        bool
	}{
		{"token", "token", true},
		{"token=", "token", true},
		{"a=b&token=x", "token", true},
		{"&&token", "token", true},
		{"TOKEN=x", "token", true},
		{"%74oken", "token", true},
		{"%54%6f%4Ben=x", "token", true},
		{"a&%74OKEN&b", "token", true},
		{"__TOKEN__=1", "__token__", true},
		{"%5F_token__", "__token__", true},
		{"1st", "1st", true},
		{"", "token", false},
		{"&", "token", false},
		{"tokens", "token", false},
		{"toke", "token", false},
		{"atoken", "token", false},
		{"a=token", "token", false},
		{"a=&toke&n", "token", false},
		{"%7", "token", false},
		{"%2574oken", "token", false},
		{"\x7f_token__", "__token__", false},
	} {
		if got := HasParameter([]byte(c.query), c.name); got != c.want {
			t.Errorf("%q has %s: %v", c.query, c.name, got)
		}
	}
}

// TestHasParameterAnywhere: a parameter is found wherever it stands among others of all lengths.
func TestHasParameterAnywhere(t *testing.T) {
	for n := range 40 {
		before := bytes.Repeat([]byte("t"), n)
		for _, query := range []string{"%s&token=1", "%s&%%74oken", "a=%s&TOKEN&b", "a&%s&token"} {
			query := fmt.Sprintf(query, before)
			if !HasParameter([]byte(query), "token") {
				t.Errorf("%q has no token", query)
			}
			if HasParameter([]byte(query[:len(query)-5]), "token") {
				t.Errorf("%q has a token", query[:len(query)-5])
			}
		}
	}
}
