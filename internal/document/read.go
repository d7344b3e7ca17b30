package document

import "math"

// Read checks a body and finds its values. The body has an object with the member "video", which
// has at least one URL and at most maxURLs. The error is an [*Error]. The document refers to the
// body until [Document.Reset], which must come before the next Read.
//
// What is wrong with a value is reported only if the whole body is JSON. So reading goes on after
// it.
func (d *Document) Read(body []byte, maxURLs int) error {
	if len(body) > math.MaxInt32 {
		return Errorf("", "the body is too long: send %d bytes at most", math.MaxInt32)
	}
	d.body, d.maxURLs = body, maxURLs
	w := &d.walker
	w.reset(body)
	d.readBody(w)
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
	found := false
	for l := w.open(); w.more(l); {
		switch string(w.name(l)) {
		case "video":
			found = true
			d.readVideo(w)
		case "token":
			d.readOptions(w)
		default:
			w.skip()
		}
	}
	if !found {
		d.complain(w, "/video", `the body has no member "video": add the video object`)
	}
}

func (d *Document) readVideo(w *walker) {
	if !d.expect(w, '{', "must be an object, not %s") {
		return
	}
	start, found := w.i, false
	for l := w.open(); w.more(l); {
		switch string(w.name(l)) {
		case "videoId":
			d.VideoID = w.value()
		case "sources":
			found = true
			d.readSources(w)
		default:
			w.skip()
		}
	}
	if !found {
		d.complain(w, "/sources", `the video has no member "sources": add an array of at least one source`)
	}
	d.answer = Value{start: start, end: w.i}
}

func (d *Document) readSources(w *walker) {
	if !d.expect(w, '[', "must be an array, not %s") {
		return
	}
	tooMany := false
	for l := w.open(); w.more(l); {
		if len(d.urls) < d.maxURLs {
			d.readSource(w)
			continue
		}
		tooMany = true
		w.skip()
	}
	switch {
	case tooMany:
		d.complain(w, "", "must have %d sources at most", d.maxURLs)
	case len(d.urls) == 0:
		d.complain(w, "", "must have at least one source")
	}
}

func (d *Document) readSource(w *walker) {
	if !d.expect(w, '{', "must be an object, not %s") {
		return
	}
	var u URL
	for l := w.open(); w.more(l); {
		switch string(w.name(l)) {
		case "src":
			if d.expect(w, '"', "must be a string, not %s") {
				u.Value = w.str()
			}
		case "type":
			if w.next() == 'n' { // null stands for no type
				w.skip()
			} else if d.expect(w, '"', "must be a string, not %s") {
				u.Type = w.str()
			}
		default:
			w.skip()
		}
	}
	if u.IsAbsent() {
		d.complain(w, "/src", `the source has no member "src": add its path`)
	}
	d.urls = append(d.urls, u)
}

func (d *Document) readOptions(w *walker) {
	if !d.expect(w, '{', "must be an object, not %s") {
		return
	}
	for l := w.open(); w.more(l); {
		switch string(w.name(l)) {
		case "ttl":
			d.Options.TTL = w.value()
		case "notBefore":
			d.Options.NotBefore = w.value()
		case "ip":
			d.Options.IP = w.value()
		case "session":
			d.Options.Session = w.value()
		default:
			d.complain(w, "", `is unknown: a token has "ttl", "notBefore", "ip" and "session"`)
			w.skip()
		}
	}
}
