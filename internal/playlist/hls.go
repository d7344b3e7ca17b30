package playlist

import (
	"fmt"
	"strings"
)

// HLS: RFC 8216, and its second edition, draft-pantos-hls-rfc8216bis. A playlist is lines: a URI,
// or a tag whose attributes may be URIs.

// uriAttributes are the attributes that are URIs.
var uriAttributes = map[string]bool{"URI": true, "SERVER-URI": true, "X-ASSET-URI": true,
	"X-ASSET-LIST": true}

// playlistTags are the tags whose URI leads to a media playlist.
var playlistTags = map[string]bool{"#EXT-X-MEDIA": true, "#EXT-X-I-FRAME-STREAM-INF": true,
	"#EXT-X-RENDITION-REPORT": true}

// findHLS returns the URIs of a playlist, with its variables filled in.
func findHLS(text string) (uris []URI, _ error) {
	v := variables{values: map[string]string{}}
	tooMany := func() bool { return len(uris) > maxURIs || v.filled > MaxSize }
	stream := false // the line before was EXT-X-STREAM-INF, so that a media playlist comes
	number := 0
	for line := range strings.SplitSeq(text, "\n") {
		number++
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' && !strings.HasPrefix(line, "#EXT") {
			continue // a comment
		}
		if tooMany() {
			break
		}
		if line[0] != '#' {
			uris = append(uris, URI{Line: number, Text: v.fill(line), Playlist: stream})
			stream = false
			continue
		}
		tag, attributes, _ := strings.Cut(line, ":")
		switch tag {
		case "#EXTINF", "#EXT-X-BYTERANGE", "#EXT-X-PROGRAM-DATE-TIME", "#EXT-X-BITRATE":
			continue // they have a value, and no attributes
		}
		list, err := parseAttributes(attributes)
		if err != nil {
			return nil, fmt.Errorf("not an HLS playlist: line %d: %w", number, err)
		}
		stream = stream || tag == "#EXT-X-STREAM-INF"
		if tag == "#EXT-X-DEFINE" {
			v.define(list)
			continue
		}
		for _, a := range list {
			if a.quoted && uriAttributes[a.name] {
				uris = append(uris, URI{Line: number, Text: v.fill(a.value),
					Playlist: a.name == "URI" && playlistTags[tag]})
			}
		}
	}
	if tooMany() {
		return nil, errTooMany
	}
	return uris, nil
}

// attribute is NAME=VALUE of a tag.
type attribute struct {
	name, value string
	quoted      bool
}

// parseAttributes reads an attribute list (RFC 8216, section 4.2). What is no attribute list, such
// as the number of EXT-X-TARGETDURATION, has no attributes.
func parseAttributes(text string) (list []attribute, err error) {
	for text != "" {
		name, rest, found := strings.Cut(text, "=")
		if !found || strings.ContainsAny(name, `",`) {
			return list, nil
		}
		a := attribute{name: strings.TrimSpace(name)}
		if value, ok := strings.CutPrefix(rest, `"`); ok {
			if a.value, rest, a.quoted = strings.Cut(value, `"`); !a.quoted {
				return nil, fmt.Errorf("the value of %s has no quotation mark at its end", a.name)
			}
			if rest != "" && rest[0] != ',' {
				return nil, fmt.Errorf("there is no comma after the value of %s", a.name)
			}
			text = strings.TrimPrefix(rest, ",")
		} else {
			a.value, text, _ = strings.Cut(rest, ",")
		}
		list = append(list, a)
	}
	return list, nil
}

// variables are those that EXT-X-DEFINE defines in the playlist itself. A player takes others from
// the multivariant playlist (IMPORT), or from the playlist's URL (QUERYPARAM).
type variables struct {
	values map[string]string
	filled int // bytes that were filled in
}

func (v *variables) define(list []attribute) {
	name, value := "", ""
	for _, a := range list {
		switch {
		case a.quoted && a.name == "NAME":
			name = a.value
		case a.quoted && a.name == "VALUE":
			value = a.value
		}
	}
	if name != "" {
		v.values[name] = value
	}
}

const maxName = 256 // bytes of a variable's name

// fill puts the values of variables into a text. Unknown ones stay as they are.
func (v *variables) fill(text string) string {
	if len(v.values) == 0 || !strings.Contains(text, "{$") {
		return text
	}
	var b strings.Builder
	for {
		before, after, found := strings.Cut(text, "{$")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		end := strings.IndexByte(after[:min(len(after), maxName)], '}')
		value, known := v.values[after[:max(end, 0)]]
		if end < 0 || !known || v.filled > MaxSize {
			b.WriteString("{$")
			text = after
			continue
		}
		b.WriteString(value)
		v.filled += len(value)
		text = after[end+1:]
	}
}
