package document

import "math"

// MaxVideos is how many videos a request may have.
const MaxVideos = 64

// maxExcluded is how many CDNs a request may exclude: as many as a configuration may have.
const maxExcluded = 256

// Read checks a body and finds its values. The body has an object with the member "video", or an
// array of such objects with the member "videos". Patterns say where URLs stand in each, and there
// are at most maxURLs in all. The error is an [*Error]. The document refers to the body until
// [Document.Reset], which must come before the next Read.
//
// What is wrong with a value is reported only if the whole body is JSON. So reading goes on after
// it.
func (d *Document) Read(body []byte, patterns *Patterns, maxURLs int) error {
	d.patterns, d.maxURLs = patterns, maxURLs
	return d.read(body, (*Document).readBody)
}

func (d *Document) read(body []byte, values func(*Document, *walker)) error {
	if len(body) > math.MaxInt32 {
		return Errorf("", "the body is too long: send %d bytes at most", math.MaxInt32)
	}
	d.body = body
	w := &d.walker
	w.reset(body)
	values(d, w)
	w.end()
	if w.fault != none {
		return w.error()
	}
	if d.complaint != nil {
		return d.complaint
	}
	return nil
}

// complain records what is wrong with the value that is next, or with a member of it. The first
// complaint counts.
func (d *Document) complain(w *walker, member, format string, args ...any) {
	if d.complaint == nil && w.fault == none {
		d.complaint = Errorf(w.pointer()+member, format, args...)
	}
}

// expect reports whether the next value starts with the given byte. If not, it complains about the
// value and skips it.
func (d *Document) expect(w *walker, start byte, format string) bool {
	if w.next() == start {
		return true
	}
	if d.complaint == nil {
		d.complain(w, "", format, w.describe())
	}
	w.skip()
	return false
}

func (d *Document) readBody(w *walker) {
	if !d.expect(w, '{', `the body must be an object with a member "video", not %s`) {
		return
	}
	hasVideo, hasVideos := false, false
	for l := w.open(); w.more(l); {
		switch string(w.name(l)) {
		case "video":
			hasVideo = true
			w.next()
			start := w.i
			d.readVideo(w)
			d.answer = Value{start: uint32(start), end: uint32(w.i)}
		case "videos":
			hasVideos = true
			d.readVideos(w)
		case "token":
			d.readOptions(w)
		default:
			w.skip()
		}
	}
	switch {
	case hasVideo && hasVideos:
		d.complain(w, "/videos", `the body has "video" and "videos": send one of them`)
	case !hasVideo && !hasVideos:
		d.complain(w, "/video", `the body has no member "video": add the video object`)
	}
}

func (d *Document) readVideos(w *walker) {
	if !d.expect(w, '[', "must be an array of videos, not %s") {
		return
	}
	start := w.i
	count := d.readElements(w, MaxVideos, (*Document).readVideo)
	switch {
	case count > MaxVideos:
		d.complain(w, "", "must have %d videos at most", MaxVideos)
	case count == 0:
		d.complain(w, "", "must have at least one video")
	}
	d.answer = Value{start: uint32(start), end: uint32(w.i)}
}

// readElements reads the elements of the array that starts here, skips those after the first most,
// and returns how many there are.
func (d *Document) readElements(w *walker, most int, read func(*Document, *walker)) (count int) {
	for l := w.open(); w.more(l); count++ {
		if count < most {
			read(d, w)
		} else {
			w.skip()
		}
	}
	return count
}

func (d *Document) readVideo(w *walker) {
	if !d.expect(w, '{', "must be an object, not %s") {
		return
	}
	v := Video{First: len(d.urls)}
	d.videoID = Value{}
	d.readObject(w, d.patterns.video)
	v.ID, v.End = d.videoID, len(d.urls)
	if v.First == v.End && d.complaint == nil {
		d.complain(w, "", "has no URL: it needs a string at one of %s", d.patterns.list)
	}
	d.videos = append(d.videos, v)
}

// readValue reads a value that patterns lead to. The object is where the innermost object around it
// starts.
func (d *Document) readValue(w *walker, n *node, object uint32) {
	switch c := w.next(); {
	case c == '"' && n.isURL && len(d.urls) < d.maxURLs:
		d.urls = append(d.urls, URL{Value: w.str(), Directory: n.directory, object: object})
	case c == '{' && len(n.names) > 0:
		d.readObject(w, n)
	case c == '[' && n.elements != nil:
		d.readArray(w, n, object)
	default:
		d.readOther(w, n, c)
	}
}

// readOther reads a value that is no URL, and that no pattern leads through.
func (d *Document) readOther(w *walker, n *node, c byte) {
	switch {
	case n.isID:
		d.videoID = w.value()
		return
	case d.complaint != nil || c == 'n' && !n.strict:
	case c == '"' && n.isURL:
		d.complain(w, "", "is one URL too many: a request may have %d", d.maxURLs)
	default:
		d.complain(w, "", "must be %s, not %s", n.want, w.describe())
	}
	w.skip()
}

func (d *Document) readObject(w *walker, n *node) {
	start, first := uint32(w.i), len(d.urls)
	var mediaType Value
	needed := n.needed
	for l := w.open(); w.more(l); {
		name := w.name(l)
		switch m := n.find(name); {
		case m != nil:
			if m == needed {
				needed = nil
			}
			d.readValue(w, m, start)
		case n.typed && len(name) == len("type") && name[0] == 't' && string(name) == "type":
			mediaType = d.readType(w, n)
		default:
			w.skip()
		}
	}
	if needed != nil {
		d.complain(w, "/"+n.neededName(), "%s", n.missing)
	}
	if !mediaType.IsAbsent() {
		for i := first; i < len(d.urls); i++ {
			if d.urls[i].object == start {
				d.urls[i].Type = mediaType
			}
		}
	}
}

// readType reads the media type of an object's URLs. Null stands for no type, and so does a value
// of another kind where the type is not strict.
func (d *Document) readType(w *walker, n *node) Value {
	c := w.next()
	if c == '"' {
		return w.str()
	}
	if n.strictType && c != 'n' {
		d.expect(w, '"', "must be a string, not %s")
	} else {
		w.skip()
	}
	return Value{}
}

func (d *Document) readArray(w *walker, n *node, object uint32) {
	count := 0
	for l := w.open(); w.more(l); count++ {
		d.readValue(w, n.elements, object)
	}
	if n.strict && count == 0 {
		d.complain(w, "", "must have at least one source")
	}
}

func (d *Document) readOptions(w *walker) {
	if !d.expect(w, '{', "must be an object, not %s") {
		return
	}
	o := &d.Options
	for l := w.open(); w.more(l); {
		switch string(w.name(l)) {
		case "ttl":
			o.TTL = w.value()
		case "notBefore":
			o.NotBefore = w.value()
		case "ip":
			o.IP = w.value()
		case "session":
			o.Session = w.value()
		case "renew":
			o.Renew = w.value()
		case "scope":
			o.Scope = w.value()
		case "cdn":
			o.CDN = w.value()
		case "exclude":
			d.readExclude(w)
		default:
			d.complain(w,
				"", `is unknown: a token has "ttl", "notBefore", "ip", "session", "renew", "scope", "cdn" and "exclude"`)
			w.skip()
		}
	}
}

func (d *Document) readExclude(w *walker) {
	if !d.expect(w, '[', "must be an array of CDNs' names, not %s") {
		return
	}
	for l := w.open(); w.more(l); {
		if len(d.Options.Exclude) == maxExcluded {
			if d.complaint == nil {
				d.complain(w, "", "is one name too many: %d at most", maxExcluded)
			}
			w.skip()
		} else if d.expect(w, '"', "must be a CDN's name, not %s") {
			d.Options.Exclude = append(d.Options.Exclude, w.str())
		}
	}
}
