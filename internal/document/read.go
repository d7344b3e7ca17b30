package document

import "fmt"

// Read checks a body and finds its values. The body has an object with the member "video", which has at least one URL
// and at most maxURLs. The error is an [*Error]. The document refers to the body until [Document.Reset].
func (d *Document) Read(body []byte, maxURLs int) error {
	d.Reset()
	d.body = body
	w := &d.walker
	w.reset(body)
	c := d.readBody(w, maxURLs)
	if c != nil && w.fault == none {
		// What the values mean is of no interest before the whole body is known to be JSON.
		w.reset(body)
		w.skip()
	}
	w.end()
	switch {
	case w.fault != none:
		return faultError(body, w.fault, w.faultAt)
	case c != nil:
		return &Error{Pointer: pointerTo(body, c.at) + c.member, Detail: c.detail}
	}
	return nil
}

// complaint is about a value that is JSON, but not what the body should have there.
type complaint struct {
	at     int    // where the value starts
	member string // a pointer from there to a member that is missing
	detail string
}

// complainf makes a complaint about the value that is next.
func complainf(w *walker, format string, args ...any) *complaint {
	return &complaint{at: w.i, detail: fmt.Sprintf(format, args...)}
}

// The methods below read one value each. They return nil also at a fault of the walker: [Document.Read] looks for it.

func (d *Document) readBody(w *walker, maxURLs int) *complaint {
	if w.next() != '{' {
		return complainf(w, `the body must be an object with a member "video", not %s`, w.describe())
	}
	start := w.i
	for l := w.open(); w.more(l); {
		switch name := w.name(l); string(d.Text(name)) {
		case "video":
			if c := d.readVideo(w, maxURLs); c != nil {
				return c
			}
		case "token":
			if c := d.readOptions(w); c != nil {
				return c
			}
		default:
			w.skip()
		}
	}
	if d.answer.IsAbsent() && w.fault == none {
		return &complaint{start, "/video", `the body has no member "video": add the video object`}
	}
	return nil
}

func (d *Document) readVideo(w *walker, maxURLs int) *complaint {
	if w.next() != '{' {
		return complainf(w, "must be an object, not %s", w.describe())
	}
	start, found := w.i, false
	for l := w.open(); w.more(l); {
		switch name := w.name(l); string(d.Text(name)) {
		case "videoId":
			d.VideoID = w.value()
		case "sources":
			found = true
			if c := d.readSources(w, maxURLs); c != nil {
				return c
			}
		default:
			w.skip()
		}
	}
	if !found && w.fault == none {
		return &complaint{start, "/sources", `the video has no member "sources": add an array of at least one source`}
	}
	d.answer = Value{start: start, end: w.i}
	return nil
}

func (d *Document) readSources(w *walker, maxURLs int) *complaint {
	if w.next() != '[' {
		return complainf(w, "must be an array, not %s", w.describe())
	}
	start := w.i
	for l := w.open(); w.more(l); {
		if len(d.urls) == maxURLs {
			return &complaint{start, "", fmt.Sprintf("must have %d sources at most", maxURLs)}
		}
		if c := d.readSource(w); c != nil {
			return c
		}
	}
	if len(d.urls) == 0 && w.fault == none {
		return &complaint{start, "", "must have at least one source"}
	}
	return nil
}

func (d *Document) readSource(w *walker) *complaint {
	if w.next() != '{' {
		return complainf(w, "must be an object, not %s", w.describe())
	}
	start := w.i
	var u URL
	for l := w.open(); w.more(l); {
		switch name := w.name(l); string(d.Text(name)) {
		case "src":
			if w.next() != '"' {
				return complainf(w, "must be a string, not %s", w.describe())
			}
			u.Value = w.str()
		case "type":
			switch w.next() {
			case '"':
				u.Type = w.str()
			case 'n': // null stands for no type
				w.skip()
			default:
				return complainf(w, "must be a string, not %s", w.describe())
			}
		default:
			w.skip()
		}
	}
	if u.IsAbsent() && w.fault == none {
		return &complaint{start, "/src", `the source has no member "src": add its path`}
	}
	d.urls = append(d.urls, u)
	return nil
}

func (d *Document) readOptions(w *walker) *complaint {
	if w.next() != '{' {
		return complainf(w, "must be an object, not %s", w.describe())
	}
	for l := w.open(); w.more(l); {
		var option *Value
		switch name := w.name(l); string(d.Text(name)) {
		case "ttl":
			option = &d.Options.TTL
		case "notBefore":
			option = &d.Options.NotBefore
		case "ip":
			option = &d.Options.IP
		case "session":
			option = &d.Options.Session
		default:
			if w.fault == none {
				w.next()
				return complainf(w, `is unknown: a token has "ttl", "notBefore", "ip" and "session"`)
			}
			return nil
		}
		*option = w.value()
	}
	return nil
}
