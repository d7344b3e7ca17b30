package playlist

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
)

const (
	maxDepth = 64 // of elements
	maxBases = 16 // alternatives of one element
)

// dashAttributes are the attributes of an MPD's elements that are URLs of files.
var dashAttributes = map[string]bool{"initialization": true, "media": true, "index": true, "sourceURL": true,
	"bitstreamSwitching": true, "href": true}

// template is an identifier of a SegmentTemplate, such as $Number%05d$.
var template = regexp.MustCompile(`\$(RepresentationID|Number|Bandwidth|Time|SubNumber)?(%0[0-9]+d)?\$`)

// element is an open element of an MPD.
type element struct {
	name  string
	bases []string // the URLs that those inside are relative to
	own   []string // its BaseURLs so far
	text  strings.Builder
	line  int
}

// findDASH walks over an MPD. BaseURLs stand before the elements that are relative to them.
func findDASH(data []byte) (uris []URI, err error) {
	d := xml.NewDecoder(bytes.NewReader(data))
	d.Entity = map[string]string{} // the five of XML alone
	open := []*element{{bases: []string{""}}}
	for {
		token, err := d.Token()
		if err == io.EOF {
			if len(open) > 1 || len(uris) == 0 && !bytes.Contains(data, []byte("<MPD")) {
				return nil, errors.New("not an MPD")
			}
			return uris, nil
		}
		line, _ := d.InputPos()
		if err != nil {
			return nil, fmt.Errorf("not an MPD: line %d: %w", line, err)
		}
		top := open[len(open)-1]
		switch t := token.(type) {
		case xml.StartElement:
			if len(open) > maxDepth {
				return nil, fmt.Errorf("not an MPD: line %d: more than %d elements are open", line, maxDepth)
			}
			if len(open) == 1 && t.Name.Local != "MPD" {
				return nil, fmt.Errorf("not an MPD: line %d: the first element is %s", line, t.Name.Local)
			}
			e := &element{name: t.Name.Local, bases: top.current(), line: line}
			uris = append(uris, e.attributes(t)...)
			open = append(open, e)
		case xml.CharData:
			if top.name == "BaseURL" || top.name == "Location" || top.name == "PatchLocation" {
				top.text.Write(t)
			}
		case xml.EndElement:
			open = open[:len(open)-1]
			uris = append(uris, open[len(open)-1].take(top)...)
		case xml.Directive:
			return nil, fmt.Errorf("not an MPD: line %d: a document type, which no MPD has", line)
		}
	}
}

// current returns the URLs that elements inside e are relative to.
func (e *element) current() []string {
	if len(e.own) == 0 {
		return e.bases
	}
	return e.own
}

// attributes returns the URIs in the attributes of an element that starts.
func (e *element) attributes(t xml.StartElement) (uris []URI) {
	for _, a := range t.Attr {
		if !dashAttributes[a.Name.Local] || a.Value == "" || e.name == "AdaptationSet" && a.Name.Local != "href" {
			continue
		}
		if a.Name.Local == "href" && !strings.Contains(a.Name.Space, "xlink") {
			continue
		}
		for _, base := range e.bases {
			text := template.ReplaceAllStringFunc(a.Value, func(id string) string {
				if id == "$$" {
					return "$"
				}
				return "1"
			})
			uris = append(uris, URI{Line: e.line, Text: text, Base: base})
		}
	}
	return uris
}

// take takes an element that ended inside e.
func (e *element) take(child *element) (uris []URI) {
	text := strings.TrimSpace(child.text.String())
	switch child.name {
	case "BaseURL":
		for _, base := range e.bases {
			if len(e.own) < maxBases {
				e.own = append(e.own, join(base, text))
			}
		}
		uris = append(uris, URI{Line: child.line, Text: text, Base: e.bases[0]})
	case "Location", "PatchLocation":
		uris = append(uris, URI{Line: child.line, Text: text})
	}
	return uris
}
