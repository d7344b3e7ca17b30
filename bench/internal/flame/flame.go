// Package flame draws a profile of pprof's as a flame graph: one HTML file that needs nothing but
// itself.
//
// Most callers want [Draw].
package flame

import (
	"cmp"
	_ "embed"
	"errors"
	"fmt"
	"html/template"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/google/pprof/profile"
)

//go:embed flame.html
var pageText string

var page = template.Must(template.New("flame").Parse(pageText))

// ErrEmpty is the error of a profile without samples of CPU time.
var ErrEmpty = errors.New("the profile has no samples of CPU time")

// frame is a function with what called it above, and what it called below.
type frame struct {
	name  string
	value int64 // nanoseconds, in itself and what it called
	calls map[string]*frame
}

// box is a frame as it is drawn: a part of the whole's width, from 0 to 100.
type box struct {
	Name, Class, Text string
	Left, Width       float64
	Depth             int
}

// narrowest is the least part of the whole that is drawn: a third of a pixel on a wide screen.
const narrowest = 0.0002

// Draw reads a CPU profile and writes its flame graph: what called stands above what it called, and
// a box is as wide as its share of the CPU time.
func Draw(w io.Writer, title string, in io.Reader) error {
	p, err := profile.Parse(in)
	if err != nil {
		return err
	}
	root, samples, err := tree(p)
	if err != nil {
		return err
	}
	boxes := layout(nil, root, root.value, 0, 0)
	depth := 0
	for _, b := range boxes {
		depth = max(depth, b.Depth+1)
	}
	return page.Execute(w, struct {
		Title   string
		Samples int64
		Spent   time.Duration
		Depth   int
		Boxes   []box
	}{title, samples, time.Duration(root.value).Round(time.Millisecond), depth, boxes})
}

// tree adds up the samples by their stacks, and counts them.
func tree(p *profile.Profile) (root *frame, samples int64, err error) {
	at := slices.IndexFunc(p.SampleType, func(t *profile.ValueType) bool {
		return t.Type == "cpu" && t.Unit == "nanoseconds"
	})
	count := slices.IndexFunc(p.SampleType, func(t *profile.ValueType) bool {
		return t.Type == "samples"
	})
	root = &frame{name: "all"}
	if at < 0 || count < 0 {
		return nil, 0, ErrEmpty
	}
	for _, s := range p.Sample {
		f := root
		f.value += s.Value[at]
		samples += s.Value[count]
		for _, l := range slices.Backward(s.Location) { // the first is the innermost
			for _, line := range slices.Backward(l.Line) { // and so is the first of those inlined
				f = f.call(line.Function.Name, s.Value[at])
			}
		}
	}
	if root.value == 0 {
		return nil, 0, ErrEmpty
	}
	return root, samples, nil
}

// call adds time to what a frame called.
func (f *frame) call(name string, value int64) *frame {
	c := f.calls[name]
	if c == nil {
		c = &frame{name: name}
		if f.calls == nil {
			f.calls = map[string]*frame{}
		}
		f.calls[name] = c
	}
	c.value += value
	return c
}

// layout appends the boxes of a frame and of what it called, in the order of their names.
func layout(boxes []box, f *frame, whole int64, left float64, depth int) []box {
	share := float64(f.value) / float64(whole)
	if share < narrowest {
		return boxes
	}
	boxes = append(boxes, box{Name: short(f.name), Class: class(f.name), Left: 100 * left,
		Width: 100 * share, Depth: depth,
		Text: fmt.Sprintf("%s: %.2f %%, %v", f.name, 100*share,
			time.Duration(f.value).Round(time.Millisecond))})
	calls := slices.SortedFunc(maps.Values(f.calls), func(a, b *frame) int {
		return cmp.Compare(a.name, b.name)
	})
	for _, c := range calls {
		boxes = layout(boxes, c, whole, left, depth+1)
		left += float64(c.value) / float64(whole)
	}
	return boxes
}

// short is a name without the path of its package.
func short(name string) string { return name[strings.LastIndexByte(name, '/')+1:] }

// class is how the page paints a function: by whose it is.
func class(name string) string {
	for _, c := range []struct{ prefix, class string }{
		{"videotoken/", "own"}, {"main.", "own"}, {"syscall.", "kernel"},
		{"internal/runtime/syscall", "kernel"},
		{"golang.org/x/sys/", "kernel"}, {"runtime.", "runtime"}, {"internal/runtime/", "runtime"},
		{"github.com/valyala/", "http"},
	} {
		if strings.HasPrefix(name, c.prefix) {
			return c.class
		}
	}
	return "other"
}
