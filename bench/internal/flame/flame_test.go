package flame

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/pprof/profile"
)

// example is a profile of three stacks. inner is inlined into its caller.
func example() *profile.Profile {
	p := &profile.Profile{SampleType: []*profile.ValueType{{Type: "samples", Unit: "count"},
		{Type: "cpu", Unit: "nanoseconds"}}}
	functions := map[string]*profile.Function{}
	location := func(names ...string) *profile.Location {
		l := &profile.Location{ID: uint64(len(p.Location) + 1)}
		for _, name := range names {
			f := functions[name]
			if f == nil {
				f = &profile.Function{ID: uint64(len(functions) + 1), Name: name}
				functions[name] = f
				p.Function = append(p.Function, f)
			}
			l.Line = append(l.Line, profile.Line{Function: f})
		}
		p.Location = append(p.Location, l)
		return l
	}
	main, work, send := location("runtime.goexit"),
		location("videotoken/token.inner", "videotoken/token.outer"), location("syscall.RawSyscall6")
	for _, s := range []struct {
		stack []*profile.Location
		n     int64
	}{{[]*profile.Location{work, main}, 6}, {[]*profile.Location{send, work, main}, 1},
		{[]*profile.Location{send, main}, 3}} {
		p.Sample = append(p.Sample, &profile.Sample{Location: s.stack, Value: []int64{s.n, s.n * 10e6}})
	}
	return p
}

// TestLayout: callers above, inlined functions with their own boxes, each as wide as its share.
func TestLayout(t *testing.T) {
	root, samples, err := tree(example())
	if err != nil || samples != 10 {
		t.Fatal(samples, err)
	}
	want := []box{
		{"all", "other", "all: 100.00 %, 100ms", 0, 100, 0},
		{"runtime.goexit", "runtime", "runtime.goexit: 100.00 %, 100ms", 0, 100, 1},
		{"syscall.RawSyscall6", "kernel", "syscall.RawSyscall6: 30.00 %, 30ms", 0, 30, 2},
		{"token.outer", "own", "videotoken/token.outer: 70.00 %, 70ms", 30, 70, 2},
		{"token.inner", "own", "videotoken/token.inner: 70.00 %, 70ms", 30, 70, 3},
		{"syscall.RawSyscall6", "kernel", "syscall.RawSyscall6: 10.00 %, 10ms", 30, 10, 4},
	}
	if got := layout(nil, root, root.value, 0, 0); !slices.Equal(got, want) {
		t.Errorf("got\n%+v\nwant\n%+v", got, want)
	}
	if got := layout(nil, root, 10_000*root.value, 0, 0); got != nil {
		t.Errorf("too narrow, and drawn: %+v", got)
	}
}

// TestDraw: a page of its own, in which nothing is fetched.
func TestDraw(t *testing.T) {
	var in, out bytes.Buffer
	if err := example().Write(&in); err != nil {
		t.Fatal(err)
	}
	if err := Draw(&out, "<run>", &in); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"<title>&lt;run&gt;</title>", "10 samples, 100ms of CPU time",
		"token.inner: 70.00 %, 70ms", "left:30%;width:70%"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
	for _, foreign := range []string{"http://", "https:", "src=", "@import", "ZgotmplZ"} {
		if strings.Contains(out.String(), foreign) {
			t.Errorf("the page has %q", foreign)
		}
	}
	var empty bytes.Buffer
	p := example()
	p.Sample = nil
	if err := p.Write(&empty); err != nil {
		t.Fatal(err)
	}
	if err := Draw(&out, "", &empty); !errors.Is(err, ErrEmpty) {
		t.Errorf("without samples: %v", err)
	}
	if err := Draw(&out, "", strings.NewReader("no profile")); err == nil {
		t.Error("took what is no profile")
	}
}
