package playlist

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

// element is an element of an MPD.
type element struct {
	name       string
	line       int
	attributes []xml.Attr
	children   []*element
	text       strings.Builder // before its children
}

// parseXML reads a document into elements. It takes no document type, and with it no entities but
// XML's own.
func parseXML(text string) (*element, error) {
	d := xml.NewDecoder(strings.NewReader(text))
	d.Entity = map[string]string{}
	top := &element{}
	open := []*element{top}
	for {
		token, err := d.Token()
		line, _ := d.InputPos()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("not an MPD: line %d: %w", line, err)
		}
		last := open[len(open)-1]
		switch t := token.(type) {
		case xml.StartElement:
			if len(open) > maxDepth {
				return nil, fmt.Errorf("not an MPD: line %d: more than %d elements are open", line,
					maxDepth)
			}
			e := &element{name: t.Name.Local, line: line, attributes: t.Copy().Attr}
			for _, a := range e.attributes {
				if len(a.Value) > maxURI {
					return nil, errLong(line, a.Name.Local)
				}
			}
			last.children = append(last.children, e)
			open = append(open, e)
		case xml.CharData:
			if len(last.children) == 0 && len(open) > 1 {
				last.text.Write(t)
			}
		case xml.EndElement:
			if open = open[:len(open)-1]; last.text.Len() > maxURI && isURI[last.name] {
				return nil, errLong(line, last.name)
			}
		case xml.Directive:
			return nil, fmt.Errorf("not an MPD: line %d: a document type, which no MPD has", line)
		}
	}
	if len(top.children) != 1 || top.children[0].name != "MPD" {
		return nil, errors.New("not an MPD: it has no element MPD, or others beside it")
	}
	return top.children[0], nil
}

// isURI are the elements whose text is a URI.
var isURI = map[string]bool{"BaseURL": true, "Location": true, "PatchLocation": true}

// attribute returns the value of an attribute, "" where there is none.
func (e *element) attribute(name string) string {
	for _, a := range e.attributes {
		if a.Name.Local == name && a.Name.Space == "" {
			return a.Value
		}
	}
	return ""
}

// link returns the value of xlink:href.
func (e *element) link() string {
	for _, a := range e.attributes {
		if a.Name.Local == "href" && strings.Contains(a.Name.Space, "xlink") {
			return a.Value
		}
	}
	return ""
}

func (e *element) named(name string) (list []*element) {
	for _, c := range e.children {
		if c.name == name {
			list = append(list, c)
		}
	}
	return list
}

func errLong(line int, name string) error {
	return fmt.Errorf("line %d: %s is longer than %d bytes", line, name, maxURI)
}
