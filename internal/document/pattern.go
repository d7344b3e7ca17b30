package document

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Pattern says where in a video a URL stands: member names joined by ".", with "[]" after the name
// of an array, such as "tracks[].src".
type Pattern struct {
	Path      string
	Directory bool // the token covers the URL's directory, whatever its type
}

// The bounds of a list of patterns.
const (
	MaxPatterns = 32
	MaxNames    = 8 // in one pattern
)

// sourcesPattern is the pattern of a list that is not configured. A video must have what it names.
const sourcesPattern = "sources[].src"

// Patterns are the compiled patterns of a configuration. They are immutable.
type Patterns struct {
	video *node  // what is looked for in a video
	list  string // what String returns
}

// Default finds the `src` of each of the video's `sources`, and nothing else.
var Default = func() *Patterns {
	p, err := Compile([]Pattern{{Path: sourcesPattern}})
	if err != nil {
		panic(err)
	}
	return p
}()

// node is a place in a video that patterns lead to or through: a tree with one edge a member name,
// and one for all elements of an array.
type node struct {
	names    []string // of the members that patterns name
	members  []*node  // parallel to names
	lengths  uint64   // bit n: there is a name of n bytes; the last bit stands for all longer ones
	elements *node    // nil where no pattern has "[]" here

	isURL     bool
	directory bool // of a URL: Pattern.Directory
	isID      bool // the video's id
	typed     bool // a member, or an element of a member, is a URL, so that a member "type" counts

	// A strict value must be there. Others may be null or absent.
	strict     bool
	strictType bool   // of an object: its type is a string, null or absent
	needed     *node  // the member that must be there; nil for none
	missing    string // what to say about it where it is not
	want       string // the kinds of value that may be here, for an error
}

// Compile compiles a list of 1 to MaxPatterns patterns. A pattern may stand in it once.
func Compile(list []Pattern) (*Patterns, error) {
	if len(list) == 0 || len(list) > MaxPatterns {
		return nil, fmt.Errorf("a list has 1 to %d patterns, not %d", MaxPatterns, len(list))
	}
	video := &node{}
	names := make([]string, len(list))
	hasSources := false
	for i, p := range list {
		if err := video.insert(p); err != nil {
			return nil, fmt.Errorf("%q %w", p.Path, err)
		}
		hasSources = hasSources || p.Path == sourcesPattern
		if names[i] = p.Path; p.Directory {
			names[i] += " (directory)"
		}
	}
	video.member("videoId", true).isID = true
	if hasSources {
		video.demandSources()
	}
	if sources := video.member("sources", false); sources != nil && sources.elements != nil {
		sources.elements.strictType = true
	}
	video.finish()
	return &Patterns{video, strings.Join(names, ", ")}, nil
}

// String lists the patterns.
func (p *Patterns) String() string { return p.list }

// insert adds a pattern below a video.
func (n *node) insert(p Pattern) error {
	names := strings.Split(p.Path, ".")
	if len(names) > MaxNames {
		return fmt.Errorf("has %d names: %d at most", len(names), MaxNames)
	}
	for _, part := range names {
		name := strings.TrimRight(part, "[]")
		brackets := part[len(name):]
		arrays := len(brackets) / 2
		switch {
		case name == "" || brackets != strings.Repeat("[]", arrays) || !utf8.ValidString(name) ||
			strings.ContainsAny(name, "[]"):
			return fmt.Errorf(
				`must be names joined by ".", each with "[]" after it if it is an array's, ` +
					`such as "tracks[].src"`)
		case name == "videoId" && len(names) == 1 && arrays == 0:
			return fmt.Errorf("is the video's id, not a URL")
		}
		n = n.member(name, true)
		for range arrays {
			if n.elements == nil {
				n.elements = &node{}
			}
			n = n.elements
		}
	}
	if n.isURL {
		return fmt.Errorf("stands in the list twice")
	}
	n.isURL, n.directory = true, p.Directory
	return nil
}

// demandSources makes the members of the default pattern strict.
func (n *node) demandSources() {
	sources := n.member("sources", false)
	n.needed = sources
	n.missing = `the video has no member "sources": add an array of at least one source`
	sources.strict = true
	element := sources.elements
	element.strict, element.needed = true, element.member("src", false)
	element.missing = `the source has no member "src": add its path`
	element.needed.strict = true
}

// finish computes what follows from the edges, in the whole tree below n.
func (n *node) finish() {
	var kinds []string
	if n.elements != nil {
		kinds = append(kinds, "an array")
		n.elements.finish()
	}
	if len(n.names) > 0 {
		kinds = append(kinds, "an object")
	}
	if n.isURL {
		kinds = append(kinds, "a string")
	}
	n.want = strings.Join(kinds, " or ")
	for i, m := range n.members {
		n.lengths |= lengthBit(len(n.names[i]))
		m.finish()
		leaf := m
		for !leaf.isURL && leaf.elements != nil {
			leaf = leaf.elements
		}
		n.typed = n.typed || leaf.isURL
	}
}

func lengthBit(n int) uint64 { return 1 << min(n, 63) }

// find returns the node of the member with the given name, nil where no pattern names it.
func (n *node) find(name []byte) *node {
	if n.lengths&lengthBit(len(name)) == 0 {
		return nil // nearly always
	}
	for i, other := range n.names {
		if string(name) == other {
			return n.members[i]
		}
	}
	return nil
}

// member is find while the tree grows: it can make the node.
func (n *node) member(name string, create bool) *node {
	if i := slices.Index(n.names, name); i >= 0 {
		return n.members[i]
	}
	if !create {
		return nil
	}
	m := &node{}
	n.names, n.members = append(n.names, name), append(n.members, m)
	return m
}

// neededName is the name of the member that must be there.
func (n *node) neededName() string { return n.names[slices.Index(n.members, n.needed)] }
