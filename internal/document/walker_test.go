package document

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/goccy/go-json/jsontext"
)

// accepts reports whether a walker takes the whole text for I-JSON.
func accepts(text []byte) bool {
	var w walker
	w.reset(text)
	w.skip()
	w.end()
	return w.fault == none
}

// acceptsAsDocument is accepts for a text that is a member of a body: it is read by the code that
// looks for URLs.
func acceptsAsDocument(text []byte) bool {
	var d Document
	return d.Read(fmt.Appendf(nil, `{"video":{"sources":[{"src":"/a","x":%s}]}}`, text), Default,
		1) == nil
}

// isDeep reports whether a valid text is nested more than maxDepth levels.
func isDeep(text []byte) bool {
	depth := 0
	d := jsontext.NewDecoder(strings.NewReader(string(text)))
	for {
		if _, err := d.ReadToken(); err != nil {
			return depth > maxDepth
		}
		depth = max(depth, d.StackDepth())
	}
}

// check compares the walker with goccy/go-json's jsontext, which must agree, and with
// encoding/json, which may accept more. It reports whether the text was accepted.
func check(t *testing.T, text []byte) bool {
	t.Helper()
	got, want := accepts(text), jsontext.Value(text).IsValid()
	if want && isDeep(text) {
		want = false
	}
	switch {
	case got != want:
		t.Errorf("%.200q: accepted %v; jsontext: %v", text, got, want)
	case got && !json.Valid(text):
		t.Errorf("%.200q is accepted, and encoding/json refuses it", text)
	}
	return got
}

// samples have every production of the grammar.
var samples = []string{
	`{"a":1,"b":[true,false,null,-0,1.5e+10,0.25E-3],"c":{"d":{},"e":[]},"f":"\"\\\/\b\f\n\r\t\u00e9\ud83c\udfac é 日本 🎬"}`,
	" \t\r\n[ 1 , { \"x\" : \"\" } ] \n", `12345678901234567890`, `"\u0000"`, `1e400`,
	`{"aaaaaaaa":"bbbbbbbbbbbbbbbb","cccccccc":"ddddddd\"d"}`,
	`{"a":1,"a":2}`, `{"a":1,"\u0061":2}`, `{"\u0061":1,"a":2}`, `{"\u0061\n":1,"a\u000a":2}`,
	`{"":1,"":2}`, `{"ab":1,"ba":2,"aa":3,"bb":4}`, `[{"a":1},{"a":1}]`, `{"a":{"a":{"a":1}}}`,
	`{"0":0,"1":0,"2":0,"3":0,"4":0,"5":0,"6":0,"7":0,"8":{"0":0,"\u0031":0},"9":0,"\u0061":0}`,
	strings.Repeat("[", 64) + strings.Repeat("]", 64),
	strings.Repeat("[", 65) + strings.Repeat("]", 65),
	`"\ud800"`, `"\udc00\ud800"`, `"\ud800\u0041"`, `"\ud800\n"`, `"\uD83C\uDFAC"`, "\"\xff\"",
	"\"\xed\xa0\x80\"", "\"\x7f\"", "\"\x1f\"", "\"\xc0\xaf\"", "\"\xf4\x90\x80\x80\"", "\"aé\xc3\"",
	`01`, `1.`, `.5`, `+1`, `-`, `1e`, `0e0`, `-01`, `tru`, `nulll`, `[1,]`, `[,1]`, `{"a":1,}`,
	`{"a"}`, `{1:2}`, `[}`, `{]`, `"`, ``, ` `, `{} {}`, "\ufeff1", `'a'`, `NaN`, `/**/1`,
}

// TestGrammar: over every sample, every prefix of it, and every change of one of its bytes, the
// walker and the libraries agree.
func TestGrammar(t *testing.T) {
	checked, accepted := 0, 0
	try := func(text []byte) {
		checked++
		if check(t, text) {
			accepted++
		}
	}
	for _, s := range samples {
		try([]byte(s))
		for i := range len(s) {
			try([]byte(s[:i]))
			for c := range 256 {
				b := []byte(s)
				b[i] = byte(c)
				try(b)
			}
		}
	}
	if accepted < checked/100 {
		t.Errorf("only %d of %d were accepted", accepted, checked)
	}
}

func FuzzGrammar(f *testing.F) {
	for _, s := range samples {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if accepted := check(t, text); accepted && acceptsAsDocument(text) != json.Valid(text) &&
			!isDeep(fmt.Appendf(nil, "[[[[%s]]]]", text)) {
			t.Errorf("%q is refused as a member", text)
		}
	})
}

// TestUnescape: the text of every accepted string is what encoding/json makes of it.
func TestUnescape(t *testing.T) {
	for _, s := range append(samples, `"\ud83c\udfac\ud83c\udfac"`, `"a\u0041\nb\\"`, `"\/\/"`,
		`"\uffff\u07ff\u0800"`) {
		var d Document
		body := fmt.Sprintf(`{"video":{"sources":[{"src":%s}]}}`, s)
		if !accepts([]byte(s)) || s[0] != '"' {
			continue
		}
		if err := d.Read([]byte(body), Default, 1); err != nil {
			t.Fatal(err)
		}
		var want string
		if err := json.Unmarshal([]byte(s), &want); err != nil {
			t.Fatal(err)
		}
		if got := d.Text(d.URLs()[0].Value); string(got) != want {
			t.Errorf("%s: %q, want %q", s, got, want)
		}
	}
}

// TestNames: a name that is there twice is found, and only then, whatever the number of members,
// the nesting, the escapes, and names that the filter takes for the same.
func TestNames(t *testing.T) {
	spell := func(name string, escaped bool) string {
		if !escaped {
			return `"` + name + `"`
		}
		var b strings.Builder
		for _, c := range name {
			fmt.Fprintf(&b, `\u%04x`, c)
		}
		return `"` + b.String() + `"`
	}
	for _, n := range []int{1, 2, fewNames - 1, fewNames, fewNames + 1, 31, 32, 33, 64, 65, 1000} {
		for _, escapes := range []int{0, 1, 2, 5} { // every which name has them
			var members []string
			for i := range n {
				// The same first and last letter and length: one bit in the filter.
				name := spell(fmt.Sprintf("a%05dz", i), escapes > 0 && i%escapes == 0)
				value := "0"
				if i%7 == 3 { // objects inside with the names of the one around, in and out of the table
					value = "{" + strings.Join(members[:min(len(members), 3+i%13)], ",") + "}"
				}
				members = append(members, name+":"+value)
			}
			text := "{" + strings.Join(members, ",") + "}"
			if !check(t, []byte(text)) {
				t.Fatalf("%d names, %d: refused", n, escapes)
			}
			for _, twice := range []int{0, n / 2, n - 1} {
				for _, escaped := range []bool{false, true} {
					name := spell(fmt.Sprintf("a%05dz", twice), escaped)
					if check(t, []byte(text[:len(text)-1]+","+name+":0}")) {
						t.Errorf("%d names: %s twice was accepted", n, name)
					}
				}
			}
		}
	}
}

// TestWalkerIsReused: what an earlier text left behind does not change what is found in the next
// one.
func TestWalkerIsReused(t *testing.T) {
	var w walker
	for range 3 {
		for _, s := range samples {
			w.reset([]byte(s))
			w.skip()
			w.end()
			if got, want := w.fault == none, accepts([]byte(s)); got != want {
				t.Errorf("%s: %v, and %v by a new walker", s, got, want)
			}
		}
	}
}
