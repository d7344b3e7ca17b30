package document

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// found is a URL by its JSON pointer.
type found struct {
	pointer, text, mediaType string
	directory                bool
}

// steps are what is left of a pattern: member names, and "[]" for an array's elements.
type steps struct {
	list      []string
	directory bool
}

// oracle finds URLs by decoding the whole body and following every pattern: slow and obvious.
type oracle struct {
	urls  []found
	wrong bool // a value is of a kind that no pattern allows
}

func (o *oracle) follow(v any, pointer string, left []steps, mediaType any) {
	next := func(step string) (rest []steps) {
		for _, s := range left {
			if len(s.list) > 0 && s.list[0] == step {
				rest = append(rest, steps{s.list[1:], s.directory})
			}
		}
		return rest
	}
	switch v := v.(type) {
	case nil:
	case string:
		i := slices.IndexFunc(left, func(s steps) bool { return len(s.list) == 0 })
		if i < 0 {
			o.wrong = true
			return
		}
		text, _ := mediaType.(string)
		o.urls = append(o.urls, found{pointer, v, text, left[i].directory})
	case []any:
		rest := next("[]")
		o.wrong = o.wrong || len(rest) == 0
		for i, element := range v {
			if len(rest) > 0 {
				o.follow(element, pointer+"/"+strconv.Itoa(i), rest, mediaType)
			}
		}
	case map[string]any:
		named := slices.ContainsFunc(left, func(s steps) bool {
			return len(s.list) > 0 && s.list[0] != "[]"
		})
		o.wrong = o.wrong || !named
		for name, member := range v {
			if rest := next(name); len(rest) > 0 {
				o.follow(member, pointer+"/"+escapePointer.Replace(name), rest, v["type"])
			}
		}
	default:
		o.wrong = true
	}
}

// checkSources is what the pattern "sources[].src" demands besides.
func (o *oracle) checkSources(video map[string]any) {
	sources, _ := video["sources"].([]any)
	o.wrong = o.wrong || len(sources) == 0
	for _, s := range sources {
		source, _ := s.(map[string]any)
		if _, ok := source["src"].(string); !ok {
			o.wrong = true
		}
	}
}

// checkTypes is what a type in "sources" must be where patterns lead there.
func (o *oracle) checkTypes(video map[string]any, list []Pattern) {
	typed := slices.ContainsFunc(list, func(p Pattern) bool {
		rest, ok := strings.CutPrefix(p.Path, "sources[].")
		return ok && !strings.Contains(rest, ".")
	})
	sources, _ := video["sources"].([]any)
	for _, s := range sources {
		source, _ := s.(map[string]any)
		pattern := slices.ContainsFunc(list, func(p Pattern) bool {
			return strings.HasPrefix(p.Path+".", "sources[].type.") ||
				strings.HasPrefix(p.Path, "sources[].type[")
		})
		switch source["type"].(type) {
		case nil, string:
		default:
			o.wrong = o.wrong || typed && !pattern
		}
	}
}

// expect returns what Read should find, and whether it should accept the body at all.
func expect(body []byte, list []Pattern) (urls []found, ok bool) {
	var in map[string]any
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	if d.Decode(&in) != nil {
		return nil, false
	}
	videos := []any{in["video"]}
	prefix := func(int) string { return "/video" }
	if list, found := in["videos"]; found {
		if _, both := in["video"]; both {
			return nil, false
		}
		videos, _ = list.([]any)
		prefix = func(i int) string { return fmt.Sprintf("/videos/%d", i) }
	}
	if len(videos) == 0 || len(videos) > MaxVideos {
		return nil, false
	}
	var left []steps
	hasSources := false
	for _, p := range list {
		s := strings.Split(strings.ReplaceAll(p.Path, "[]", ".[]"), ".")
		left = append(left, steps{s, p.Directory})
		hasSources = hasSources || p.Path == sourcesPattern
	}
	o := &oracle{}
	for i, v := range videos {
		video, isObject := v.(map[string]any)
		if !isObject {
			return nil, false
		}
		before := len(o.urls)
		o.follow(video, prefix(i), left, nil)
		if hasSources {
			o.checkSources(video)
		}
		o.checkTypes(video, list)
		o.wrong = o.wrong || len(o.urls) == before
	}
	return o.urls, !o.wrong && len(o.urls) <= 8
}

// compare reads a body and compares what was found with the oracle.
func compare(t *testing.T, list []Pattern, body []byte) {
	t.Helper()
	patterns, err := Compile(list)
	if err != nil || !accepts(body) || bytes.Contains(body, []byte(`"token"`)) {
		return
	}
	want, ok := expect(body, list)
	var d Document
	if err := d.Read(body, patterns, 8); (err == nil) != ok {
		t.Fatalf("%v, %s: %v; accepted by the oracle: %v", list, body, err, ok)
	} else if err != nil {
		return
	}
	var got []found
	for _, u := range d.URLs() {
		got = append(got, found{"", string(d.Text(u.Value)), string(d.Text(u.Type)), u.Directory})
	}
	for i := range got {
		got[i].pointer = d.Pointer(i)
	}
	byPointer := func(a, b found) int { return strings.Compare(a.pointer, b.pointer) }
	slices.SortFunc(got, byPointer)
	slices.SortFunc(want, byPointer)
	if !slices.Equal(got, want) {
		t.Fatalf("%v, %s:\ngot  %+v\nwant %+v", list, body, got, want)
	}
}

var oracleSeeds = []struct{ patterns, body string }{
	{"sources[].src", `{"video":{"sources":[{"src":"/a","type":"t"},{"type":null,"src":"/b"}]}}`},
	{"sources[].src", `{"video":{"sources":[{"src":"/a","type":1}]}}`},
	{"sources[].src", `{"video":{"sources":[]}}`},
	{"sources[].src poster", `{"video":{"sources":[{"src":"/a"}],"poster":null}}`},
	{"poster tracks[].src",
		`{"video":{"poster":"/p","type":"v","tracks":[{"src":"/t","type":{}},null,{}]}}`},
	{"poster tracks[].src", `{"video":{"tracks":[]}}`},
	{"poster", `{"video":{"poster":{}}}`},
	{"a a[] a.b a[].b[]", `{"video":{"type":"t","a":["/1",{"b":["/2","/3"],"type":"u"}]}}`},
	{"a[][]", `{"videos":[{"a":[["/1"],["/2"]]},{"a":[["/3"]]}]}`},
	{"sources[].file", `{"videos":[{"sources":[{"file":"/1","type":true}]}]}`},
	{"a/b.~", `{"video":{"a/b":{"~":"/\u0061"}}}`},
	{"poster", `{"video":{"poster":"/a"},"videos":[]}`},
	{"a", `{"videos":[]}`},
}

// readPatterns reads patterns between spaces; "*" before one means its directory.
func readPatterns(text string) (list []Pattern) {
	for _, f := range strings.Fields(text) {
		path, directory := strings.CutPrefix(f, "*")
		list = append(list, Pattern{path, directory})
	}
	return list
}

// FuzzPatterns: what is found, and what is refused, is what the oracle says.
func FuzzPatterns(f *testing.F) {
	for _, s := range oracleSeeds {
		f.Add(s.patterns, []byte(s.body))
	}
	f.Fuzz(func(t *testing.T, patterns string, body []byte) {
		compare(t, readPatterns(patterns), body)
	})
}
