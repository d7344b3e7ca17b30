package server

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// sourcesOf finds the sources of a video, and where each src stands.
func sourcesOf(video string) (found []slowSource, err error) {
	var v map[string]json.RawMessage
	var list []map[string]any
	if err := json.Unmarshal([]byte(video), &v); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(v["sources"], &list); err != nil {
		return nil, err
	}
	for _, source := range list {
		src, ok := source["src"].(string)
		if !ok {
			return nil, fmt.Errorf("a source without a src")
		}
		mediaType, _ := source["type"].(string)
		found = append(found, slowSource{src: src, mediaType: mediaType})
	}
	w := &wanderer{text: video, d: json.NewDecoder(strings.NewReader(video)), found: found}
	w.d.UseNumber()
	return found, w.value("")
}

// wanderer walks through a JSON text, and notes where the src of each source stands.
type wanderer struct {
	text  string
	d     *json.Decoder
	found []slowSource
}

// value walks through one value, which stands at a path of names and indices after slashes.
func (w *wanderer) value(at string) error {
	before := int(w.d.InputOffset())
	v, err := w.d.Token()
	if err != nil {
		return err
	}
	var i int
	if n, _ := fmt.Sscanf(at, "/sources/%d", &i); n == 1 && at == "/sources/"+strconv.Itoa(i)+"/src" &&
		i < len(w.found) {
		w.found[i].end = int(w.d.InputOffset())
		w.found[i].start = before + strings.IndexByte(w.text[before:], '"')
	}
	if v != json.Delim('{') && v != json.Delim('[') {
		return nil
	}
	for n := 0; w.d.More(); n++ {
		name := strconv.Itoa(n)
		if v == json.Delim('{') {
			key, err := w.d.Token()
			if err != nil {
				return err
			}
			name = strings.ReplaceAll(key.(string), "/", "~1")
		}
		if err := w.value(at + "/" + name); err != nil {
			return err
		}
	}
	_, err = w.d.Token()
	return err
}

// percentEncode percent-encodes the bytes that RFC 3986 gives no URI.
func percentEncode(s string) string {
	const kept = "-._~:/?#@!$&'()*+,;=%"
	var b strings.Builder
	for _, c := range []byte(s) {
		if 'a' <= c|0x20 && c|0x20 <= 'z' || '0' <= c && c <= '9' || strings.IndexByte(kept, c) >= 0 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}
