package video

import (
	"errors"

	"github.com/goccy/go-json/jsontext"

	"videotoken/internal/uri"
)

// MaxSources is how many sources a video may have.
const MaxSources = 256

// span is a value in the body; the zero span is a value that is not there.
type span struct {
	start, end int
	escaped    bool // a string with escapes
}

func (s span) absent() bool { return s.end == 0 }

// document is where the parts of one request body are that matter to its answer, and the memory to work on them.
type document struct {
	body    []byte
	video   span
	videoID span
	sources [MaxSources]source
	n       int // of sources
	options options

	text, mediaType, name []byte // unquoted strings that had escapes
	names                 []span // for the walker
	room                  []byte // for canonical paths, and for URLs that had escapes
}

// source is the strings of one source, with their quotes, and its URL.
type source struct {
	src, mediaType span
	parsed         uri.Source
	depth          int // of its token
}

// options is the member `token`.
type options struct{ ttl, notBefore, ip, session span }

// reset forgets the request and keeps the memory.
func (d *document) reset() {
	clear(d.sources[:d.n])
	d.body, d.video, d.videoID, d.n, d.options = nil, span{}, span{}, 0, options{}
	d.room = d.room[:0]
}

// read finds the parts of a body. Plain bodies, nearly all, are checked and read in one pass; for the others
// goccy/go-json says whether they are I-JSON, and if not, what is wrong.
func (d *document) read(body []byte) error {
	d.body = body
	w := walker{b: body, names: d.names[:0]}
	err := d.readBody(&w)
	d.names = w.names[:0]
	if err == nil && w.end() {
		return nil
	}
	if nesting(body) > maxDepth { // before the library sees it, whose time grows with the depth
		return failf("", "the JSON is nested deeper than %d levels: flatten it", maxDepth)
	}
	if !jsontext.Value(body).IsValid() {
		return syntaxError(body)
	}
	d.reset()
	d.body = body
	return d.readBody(&walker{b: body, trust: true})
}

// nesting is how deep a text opens objects and arrays, which need not be closed. Brackets in strings do not count.
func nesting(text []byte) (deepest int) {
	depth, inString := 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case inString:
			if c == '\\' {
				i++
			} else if c == '"' {
				inString = false
			}
		case c == '"':
			inString = true
		case c == '{' || c == '[':
			depth++
			deepest = max(deepest, depth)
		case c == '}' || c == ']':
			depth--
		}
	}
	return deepest
}

// errNotPlain ends the reading of a body that is not plain.
var errNotPlain = errors.New("not plain")

func (d *document) readBody(w *walker) error {
	if w.kind() != '{' {
		return failf("", "the body must be an object with a member \"video\", not %s", w.describe())
	}
	for m := w.open(); w.more(&m); {
		switch name := d.unquote(&d.name, w.name(&m)); string(name) {
		case "video":
			if err := d.readVideo(w); err != nil {
				return err
			}
		case "token":
			if err := d.readOptions(w); err != nil {
				return err
			}
		default:
			w.skip()
		}
	}
	if w.bad {
		return errNotPlain
	}
	if d.video.absent() {
		return failf("/video", `the body has no member "video": add the video object`)
	}
	return nil
}

func (d *document) readVideo(w *walker) error {
	if w.kind() != '{' {
		return failf("/video", "must be an object, not %s", w.describe())
	}
	d.video.start = w.i
	found := false
	for m := w.open(); w.more(&m); {
		switch name := d.unquote(&d.name, w.name(&m)); string(name) {
		case "videoId":
			d.videoID = w.value()
		case "sources":
			found = true
			if err := d.readSources(w); err != nil {
				return err
			}
		default:
			w.skip()
		}
	}
	if w.bad {
		return errNotPlain
	}
	if !found {
		return failf("/video/sources", `the video has no member "sources": add an array of at least one source`)
	}
	d.video.end = w.i
	return nil
}

func (d *document) readSources(w *walker) error {
	if w.kind() != '[' {
		return failf("/video/sources", "must be an array, not %s", w.describe())
	}
	for m := w.open(); w.more(&m); d.n++ {
		if d.n == MaxSources {
			return failf("/video/sources", "must have %d sources at most", MaxSources)
		}
		if err := d.readSource(w); err != nil {
			return err
		}
	}
	if w.bad {
		return errNotPlain
	}
	if d.n == 0 {
		return failf("/video/sources", "must have at least one source")
	}
	return nil
}

func (d *document) readSource(w *walker) error {
	if w.kind() != '{' {
		return failf(sourcePointer(d.n, ""), "must be an object, not %s", w.describe())
	}
	s := source{}
	for m := w.open(); w.more(&m); {
		switch name := d.unquote(&d.name, w.name(&m)); string(name) {
		case "src":
			if w.kind() != '"' {
				return failf(sourcePointer(d.n, "/src"), "must be a string, not %s", w.describe())
			}
			s.src = w.value()
		case "type":
			switch w.kind() {
			case '"':
				s.mediaType = w.value()
			case 'n': // null stands for no type
				w.skip()
			default:
				return failf(sourcePointer(d.n, "/type"), "must be a string, not %s", w.describe())
			}
		default:
			w.skip()
		}
	}
	if w.bad {
		return errNotPlain
	}
	if s.src.absent() {
		return failf(sourcePointer(d.n, "/src"), `the source has no member "src": add its path`)
	}
	d.sources[d.n] = s
	return nil
}

func (d *document) readOptions(w *walker) error {
	if w.kind() != '{' {
		return failf("/token", "must be an object, not %s", w.describe())
	}
	for m := w.open(); w.more(&m); {
		switch name := d.unquote(&d.name, w.name(&m)); string(name) {
		case "ttl":
			d.options.ttl = w.value()
		case "notBefore":
			d.options.notBefore = w.value()
		case "ip":
			d.options.ip = w.value()
		case "session":
			d.options.session = w.value()
		default:
			return failf("/token"+pointerTo(name), `is unknown: a token has "ttl", "notBefore", "ip" and "session"`)
		}
	}
	return nil
}

// parse takes the URLs of all sources apart, before a CDN is picked.
func (d *document) parse() (err error) {
	for i := range d.sources[:d.n] {
		s := &d.sources[i]
		start := len(d.room)
		src := d.body[s.src.start+1 : s.src.end-1]
		if s.src.escaped {
			d.room, _ = jsontext.AppendUnquote(d.room, d.body[s.src.start:s.src.end]) // it is valid
			src = d.room[start:len(d.room):len(d.room)]
		}
		if d.room, err = s.parsed.Parse(src, d.room); err != nil {
			return sourceError(i, err)
		}
		if s.depth, err = depth(&s.parsed, d.unquote(&d.mediaType, s.mediaType)); err != nil {
			return sourceError(i, err)
		}
	}
	return nil
}

// identity is what affinity goes by: the video's id, else its first source.
func (d *document) identity() []byte {
	if !d.videoID.absent() {
		switch c := d.body[d.videoID.start]; {
		case c == '"' && d.videoID.end-d.videoID.start > 2:
			return d.unquote(&d.text, d.videoID)
		case c == '-' || '0' <= c && c <= '9':
			return d.body[d.videoID.start:d.videoID.end]
		}
	}
	return d.unquote(&d.text, d.sources[0].src)
}

// unquote is the value of a string, nil if it is absent: a part of the body, or of scratch where it has escapes.
func (d *document) unquote(scratch *[]byte, s span) []byte {
	if s.absent() {
		return nil
	}
	if !s.escaped {
		return d.body[s.start+1 : s.end-1]
	}
	*scratch, _ = jsontext.AppendUnquote((*scratch)[:0], d.body[s.start:s.end]) // it is valid
	return *scratch
}
