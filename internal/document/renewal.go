package document

// ReadURLs is [Document.Read] for a body {"url": "..."} or {"urls": ["...", ...]}, with at most
// maxURLs URLs. The answer is the same object with other URLs.
func (d *Document) ReadURLs(body []byte, maxURLs int) error {
	d.maxURLs = maxURLs
	return d.read(body, (*Document).readURLs)
}

func (d *Document) readURLs(w *walker) {
	if !d.expect(w, '{', `the body must be an object with a member "url" or "urls", not %s`) {
		return
	}
	start := w.i
	hasURL, hasURLs := false, false
	for l := w.open(); w.more(l); {
		switch string(w.name(l)) {
		case "url":
			hasURL = true
			d.readURL(w)
		case "urls":
			hasURLs = true
			d.readURLList(w)
		default:
			d.complain(w, "", `is unknown: the body has "url" or "urls", and nothing else`)
			w.skip()
		}
	}
	d.answer = Value{start: uint32(start), end: uint32(w.i)}
	switch {
	case hasURL && hasURLs:
		d.complain(w, "/urls", `the body has "url" and "urls": send one of them`)
	case !hasURL && !hasURLs:
		d.complain(w, "/url", `the body has no member "url": add the signed URL`)
	}
}

func (d *Document) readURL(w *walker) {
	if d.expect(w, '"', "must be a string, a signed URL, not %s") {
		d.urls = append(d.urls, URL{Value: w.str()})
	}
}

func (d *Document) readURLList(w *walker) {
	if !d.expect(w, '[', "must be an array of signed URLs, not %s") {
		return
	}
	switch count := d.readElements(w, d.maxURLs, (*Document).readURL); {
	case count > d.maxURLs:
		d.complain(w, "", "must have %d URLs at most", d.maxURLs)
	case count == 0:
		d.complain(w, "", "must have at least one URL")
	}
}
