// Package document reads the JSON of a request, finds the URLs and options in it, and builds the
// answer: the same bytes with other URLs. It allocates only for errors, and it knows no CDN and no
// token.
//
// Which strings of a video are URLs is configured: [Compile] makes [Patterns] of a list such as
// "sources[].src" and "poster".
//
// Most callers keep one [Document] per request in a pool. They call [Document.Read], take the
// values they need with [Document.URLs], [Document.Text] and [Document.Bytes], and write the answer
// with [Document.AppendBefore] for each URL and [Document.AppendRest] at the end.
//
// JSON is read strictly, as RFC 7493 (I-JSON) asks: UTF-8, no lone surrogates, no name twice in an
// object, nothing after the value. Nesting is limited to 64 levels. One pass over the body checks
// all of this and finds the values, in time that grows with the body's length whatever is in it.
package document

// Document is one request body and what was found in it. The zero value is ready for use, and a
// used one keeps its memory for the next request.
type Document struct {
	// Options are what was found in the member "token". A value that the body does not have is
	// absent.
	Options Options

	body      []byte
	patterns  *Patterns
	answer    Value // the video object, or the array of them
	videos    []Video
	urls      []URL
	videoID   Value // of the video that is read
	maxURLs   int
	complaint *Error // about the first value that is not what it should be
	text      []byte // the text of strings that have escapes
	walker    walker
}

// Options are the members of the body's member "token".
type Options struct {
	TTL, NotBefore, IP, Session, Renew, Scope, CDN Value
	Exclude                                        []Value // each is a string
}

// Video is one video of the body. It has at least one URL.
type Video struct {
	ID         Value // its member "videoId"; absent if there is none
	First, End int   // its URLs are Document.URLs()[First:End]
}

// URL is a string in the body that is a URL.
type URL struct {
	Value
	Type      Value // the member "type" of the same object; absent if there is none
	Directory bool  // as the URL's pattern has it

	object uint32 // where the innermost object around it starts
}

// Value is a place in the body that has a JSON value. The zero value stands for a value that is
// absent.
type Value struct {
	start, end uint32
	escaped    bool // a string that has escapes
}

// IsAbsent reports whether the body does not have the value.
func (v Value) IsAbsent() bool { return v.end == 0 }

// Reset forgets the request and keeps the memory.
func (d *Document) Reset() {
	d.Options = Options{Exclude: d.Options.Exclude[:0]}
	d.body, d.answer, d.complaint, d.text = nil, Value{}, nil, d.text[:0]
	d.videos, d.urls = d.videos[:0], d.urls[:0]
	d.walker.b, d.walker.names.body = nil, nil
}

// Videos returns the body's videos in their order. It has at least one after a successful
// [Document.Read].
func (d *Document) Videos() []Video { return d.videos }

// URLs returns the URLs of all videos in their order in the body.
func (d *Document) URLs() []URL { return d.urls }

// Pointer returns the JSON pointer (RFC 6901) of URL i, for an error. The document has no other use
// afterwards but [Document.Reset].
func (d *Document) Pointer(i int) string {
	w := &d.walker
	w.reset(d.body[:d.urls[i].start]) // the walk ends before the value
	w.skip()
	return w.pointer()
}

// Bytes returns a value as it is spelled in the body.
func (d *Document) Bytes(v Value) []byte { return d.body[v.start:v.end] }

// IsString reports whether a value is a string; an absent one is not.
func (d *Document) IsString(v Value) bool { return !v.IsAbsent() && d.body[v.start] == '"' }

// IsNumber reports whether a value is a number; an absent one is not.
func (d *Document) IsNumber(v Value) bool {
	return !v.IsAbsent() && (d.body[v.start] == '-' || d.body[v.start]-'0' <= 9)
}

// Text returns the text of a string, without quotes and escapes, or nil if the value is absent. The
// text is good until [Document.Reset].
func (d *Document) Text(v Value) []byte {
	switch {
	case v.IsAbsent():
		return nil
	case !v.escaped:
		return d.body[v.start+1 : v.end-1]
	}
	start := len(d.text)
	d.text = appendUnescaped(d.text, d.body[v.start+1:v.end-1])
	return d.text[start:len(d.text):len(d.text)]
}

// AppendBefore appends the part of the answer that comes before the text of URL i: everything after
// the URL before it, and the opening quote.
func (d *Document) AppendBefore(dst []byte, i int) []byte {
	start := d.answer.start
	if i > 0 {
		start = d.urls[i-1].end - 1 // the closing quote
	}
	return append(dst, d.body[start:d.urls[i].start+1]...)
}

// AppendText appends the text of URL i as it is spelled in the body: the answer then has the same
// URL.
func (d *Document) AppendText(dst []byte, i int) []byte {
	v := d.urls[i]
	return append(dst, d.body[v.start+1:v.end-1]...)
}

// AppendRest appends the part of the answer that comes after the text of the last URL.
func (d *Document) AppendRest(dst []byte) []byte {
	return append(dst, d.body[d.urls[len(d.urls)-1].end-1:d.answer.end]...)
}
