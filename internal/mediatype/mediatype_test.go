package mediatype

import "testing"

func TestIs(t *testing.T) {
	for value, want := range map[string]bool{
		"application/json":                   true,
		"Application/JSON":                   true,
		"application/json; charset=utf-8":    true,
		" application/json\t;x":              true,
		"":                                   false,
		";":                                  false,
		"application/jsonp":                  false,
		"application/jso":                    false,
		"application/j\u017Fon":              false, // U+017F folds to "s" in Unicode
		"text/json, application/json":        false,
		"application/json, application/json": false,
	} {
		if got := Is([]byte(value), "application/json"); got != want {
			t.Errorf("%q: %v", value, got)
		}
	}
}
