package video

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/goccy/go-json/jsontext"
)

// plain reports whether a checking walker takes the whole text for I-JSON.
func plain(text []byte) bool {
	w := walker{b: text}
	w.skip()
	return w.end()
}

// samples have every production of the grammar.
var samples = []string{
	`{"a":1,"b":[true,false,null,-0,1.5e+10,0.25E-3],"c":{"d":{},"e":[]},"f":"\"\\\/\b\f\n\r\t\u00e9\ud83c\udfac é 日本 🎬"}`,
	" \t\r\n[ 1 , { \"x\" : \"\" } ] \n", `12345678901234567890`, `"\u0000"`, `1e400`, `{"aaaaaaaa":"bbbbbbbbbbbbbbbb","cccccccc":"ddddddd\"d"}`,
	`{"a":1,"a":2}`, `{"a":1,"\u0061":2}`, `{"":1,"":2}`, `{"ab":1,"ba":2,"aa":3,"bb":4}`, `[{"a":1},{"a":1}]`, `{"a":{"a":{"a":1}}}`,
	strings.Repeat("[", 64) + strings.Repeat("]", 64), strings.Repeat("[", 65) + strings.Repeat("]", 65),
	`"\ud800"`, `"\udc00\ud800"`, `"\ud800\u0041"`, "\"\xff\"", "\"\xed\xa0\x80\"", "\"\x7f\"", "\"\x1f\"", `01`, `1.`, `.5`, `+1`, `-`, `1e`, `tru`, `nulll`, `[1,]`, `[,1]`, `{"a":1,}`, `{"a"}`, `{1:2}`, `[}`, `{]`, `"`, ``, ` `, `{} {}`,
}

// TestPlain: the walker takes for I-JSON nothing that goccy/go-json and encoding/json do not, over every sample, every
// prefix of it, and every change of one of its bytes.
func TestPlain(t *testing.T) {
	checked, accepted := 0, 0
	check := func(text []byte) {
		checked++
		if !plain(text) {
			return
		}
		accepted++
		if !jsontext.Value(text).IsValid() || !json.Valid(text) {
			t.Errorf("%q is not I-JSON", text)
		}
	}
	for _, s := range samples {
		check([]byte(s))
		for i := range len(s) {
			check([]byte(s[:i]))
			for c := range 256 {
				b := []byte(s)
				b[i] = byte(c)
				check(b)
			}
		}
	}
	if accepted < checked/100 {
		t.Errorf("only %d of %d are plain", accepted, checked)
	}
}

// TestPlainIsCommon: what is decided by a library instead is rare.
func TestPlainIsCommon(t *testing.T) {
	for _, s := range samples[:6] {
		if !plain([]byte(s)) {
			t.Errorf("%s is not plain", s)
		}
	}
	for name, s := range map[string]string{"33 members": `{"0":0` + members33() + `}`, "an escaped name": samples[7], "65 deep": samples[13]} {
		if plain([]byte(s)) {
			t.Errorf("%s are plain", name)
		}
	}
}

func members33() string {
	var b strings.Builder
	for _, c := range "abcdefghijklmnopqrstuvwxyzABCDEF" {
		b.WriteString(`,"` + string(c) + `":0`)
	}
	return b.String()
}

func FuzzPlain(f *testing.F) {
	for _, s := range samples {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if plain(text) && (!jsontext.Value(text).IsValid() || !json.Valid(text)) {
			t.Fatalf("%q is not I-JSON", text)
		}
	})
}
