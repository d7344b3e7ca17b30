package server

import "github.com/valyala/fasthttp"

// field is a header that may stand in a request once: of two, an edge could mean either.
type field struct {
	value []byte
	count int // how often it stands there
}

// readField reads a header by its name in fasthttp's spelling. "" is the name of none. It does not
// use RequestHeader.All, which parses every cookie: with a browser's that costs as much as half of a
// request. PeekAll would also find a trailer field, but the transport drops those.
func readField(h *fasthttp.RequestHeader, name string) field {
	if name == "" {
		return field{}
	}
	all := h.PeekAll(name)
	if len(all) == 0 {
		return field{}
	}
	return field{all[len(all)-1], len(all)}
}

// onlyHeader returns the value of a header that stands in a request once, nil for any other.
func onlyHeader(h *fasthttp.RequestHeader, name string) []byte {
	if f := readField(h, name); f.count == 1 {
		return f.value
	}
	return nil
}
