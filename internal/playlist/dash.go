package playlist

import (
	"regexp"
	"strconv"
	"strings"
)

// DASH: ISO/IEC 23009-1. The BaseURLs of a level are relative to those of the level above it, and
// what a level says of segments holds for each Representation below it, relative to that one's
// BaseURLs.

// The bounds of what one MPD can make of itself.
const (
	maxDepth = 64      // of elements
	maxBases = 16      // alternatives of one level
	maxSteps = 1 << 21 // URIs that are looked at, those that are the same included
)

// level is where an element of an MPD stands: what it has from above.
type level struct {
	bases []base
	// the lowest SegmentTemplate, SegmentList or SegmentBase; nil if there is none
	segments *element
	merged   map[string]string // the attributes of the SegmentTemplates down to here
	lines    map[string]int    // where they stand
}

// base is a BaseURL, resolved against those above it, and the line that it stands in.
type base struct {
	url  string
	line int
}

// finder collects the URIs of an MPD, each once.
type finder struct {
	uris []URI
	seen map[URI]bool
	n    int // how many were looked at
}

func (f *finder) add(line int, text, base string) error {
	if f.n++; f.n > maxSteps {
		return errTooMany
	}
	u := URI{Line: line, Text: text, Base: base}
	if text == "" || f.seen[u] {
		return nil
	}
	if len(f.uris) == maxURIs {
		return errTooMany
	}
	f.seen[u] = true
	f.uris = append(f.uris, u)
	return nil
}

func findDASH(text string) ([]URI, error) {
	mpd, err := parseXML(text)
	if err != nil {
		return nil, err
	}
	f := &finder{seen: map[URI]bool{}}
	for _, name := range []string{"Location", "PatchLocation"} {
		for _, e := range mpd.named(name) {
			if err := f.add(e.line, strings.TrimSpace(e.text.String()), ""); err != nil {
				return nil, err
			}
		}
	}
	top := level{bases: []base{{}}}
	if err := f.walk(mpd, top); err != nil {
		return nil, err
	}
	return f.uris, nil
}

// walk goes from the MPD down to its Representations.
func (f *finder) walk(e *element, above level) error {
	here := above.enter(e)
	if link := e.link(); link != "" && !strings.HasPrefix(link, "urn:") {
		for _, b := range above.bases {
			if err := f.add(e.line, link, b.url); err != nil {
				return err
			}
		}
	}
	if e.name == "Representation" {
		return f.representation(e, here)
	}
	for _, c := range e.children {
		switch c.name {
		case "Period", "AdaptationSet", "Representation", "SubRepresentation":
			if err := f.walk(c, here); err != nil {
				return err
			}
		case "InitializationSet":
			for _, b := range here.bases {
				if err := f.add(c.line, c.attribute("initialization"), b.url); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// enter returns the level of what is inside an element.
func (l level) enter(e *element) level {
	if own := e.named("BaseURL"); len(own) > 0 {
		var bases []base
		for _, above := range l.bases {
			for _, b := range own {
				if len(bases) < maxBases {
					bases = append(bases,
						base{join(above.url, strings.TrimSpace(b.text.String())), b.line})
				}
			}
		}
		l.bases = bases
	}
	for _, name := range []string{"SegmentTemplate", "SegmentList", "SegmentBase"} {
		for _, s := range e.named(name) {
			l = l.with(s)
		}
	}
	return l
}

// with returns the level with one more element that says something of segments. It adds to one of
// its kind above it, and replaces one of another kind.
func (l level) with(s *element) level {
	if s.name != "SegmentTemplate" {
		l.segments, l.merged, l.lines = s, nil, nil
		return l
	}
	merged, lines := map[string]string{}, map[string]int{}
	for name, value := range l.merged {
		merged[name], lines[name] = value, l.lines[name]
	}
	for _, a := range s.attributes {
		if isTemplate[a.Name.Local] {
			merged[a.Name.Local], lines[a.Name.Local] = a.Value, s.line
		}
	}
	l.segments, l.merged, l.lines = s, merged, lines
	return l
}

// isTemplate are the attributes of a SegmentTemplate that hold for the levels below it.
var isTemplate = map[string]bool{"initialization": true, "media": true, "index": true,
	"bitstreamSwitching": true, "startNumber": true}

// representation finds the URIs of a Representation: by a template, a list, or its BaseURL, which
// is then a file.
func (f *finder) representation(e *element, here level) error {
	for _, b := range here.bases {
		if here.segments == nil || here.segments.name == "SegmentBase" {
			if err := f.add(b.line, lastOf(b.url), dirOf(b.url)); err != nil {
				return err
			}
		}
		for _, name := range []string{"initialization", "media", "index", "bitstreamSwitching"} {
			text := expand(here.merged[name], e, here.merged["startNumber"])
			if err := f.add(here.lines[name], text, b.url); err != nil {
				return err
			}
		}
		if here.segments != nil {
			if err := f.segments(here.segments, b.url); err != nil {
				return err
			}
		}
	}
	return nil
}

// segments finds the URIs inside an element that says something of segments.
func (f *finder) segments(s *element, base string) error {
	for _, c := range s.children {
		for _, name := range []string{"sourceURL", "media", "index"} {
			if err := f.add(c.line, c.attribute(name), base); err != nil {
				return err
			}
		}
	}
	return nil
}

// lastOf and dirOf take a URL apart after its last "/".
func lastOf(url string) string { return url[strings.LastIndexByte(url, '/')+1:] }
func dirOf(url string) string  { return url[:strings.LastIndexByte(url, '/')+1] }

// identifier is an identifier of a SegmentTemplate, such as $Number%05d$.
var identifier = regexp.MustCompile(
	`\$(RepresentationID|Number|Bandwidth|Time|SubNumber)?(%0[0-9]{1,2}d)?\$`)

// expand fills in a template as for the Representation's first segment.
func expand(template string, representation *element, startNumber string) string {
	if !strings.Contains(template, "$") {
		return template
	}
	values := map[string]string{
		"RepresentationID": representation.attribute("id"),
		"Bandwidth":        representation.attribute("bandwidth"),
		"Number":           startNumber, "Time": "0", "SubNumber": "1",
	}
	return identifier.ReplaceAllStringFunc(template, func(id string) string {
		if id == "$$" {
			return "$"
		}
		name, format, _ := strings.Cut(strings.Trim(id, "$"), "%")
		value := values[name]
		if value == "" {
			value = "1"
		}
		if width, err := strconv.Atoi(strings.Trim(format, "0d")); err == nil &&
			name != "RepresentationID" {
			value = strings.Repeat("0", max(0, width-len(value))) + value
		}
		return value
	})
}
