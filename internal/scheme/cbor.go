package scheme

// What the Common Access Token needs of CBOR (RFC 8949): writing in the deterministic form of
// section 4.2.1, and reading of whatever has a known length.

// appendText appends a string of a major type: 2 for bytes, 3 for text.
func appendText(dst []byte, major byte, s string) []byte {
	return append(appendHead(dst, major, uint64(len(s))), s...)
}

// appendHead appends the head of a CBOR item (RFC 8949, section 3) with the shortest argument.
func appendHead(dst []byte, major byte, n uint64) []byte {
	major <<= 5
	switch {
	case n < 24:
		return append(dst, major|byte(n))
	case n < 1<<8:
		return append(dst, major|24, byte(n))
	case n < 1<<16:
		return append(dst, major|25, byte(n>>8), byte(n))
	case n < 1<<32:
		return append(dst, major|26, byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
	}
	return append(dst, major|27, byte(n>>56), byte(n>>48), byte(n>>40), byte(n>>32), byte(n>>24),
		byte(n>>16), byte(n>>8), byte(n))
}

// cborReader reads one item after the other. After a mistake it reads zero values.
type cborReader struct {
	rest   []byte
	failed bool
}

// major returns the next item's major type.
func (r *cborReader) major() byte {
	if len(r.rest) == 0 {
		return 0xFF
	}
	return r.rest[0] >> 5
}

// head reads the head of an item of a major type, and returns its argument.
func (r *cborReader) head(major byte) (n uint64) {
	if r.major() != major {
		return r.fail()
	}
	n, size := uint64(r.rest[0]&31), 0
	r.rest = r.rest[1:]
	switch {
	case n < 24:
		return n
	case n > 27: // without a length, or reserved
		return r.fail()
	}
	size = 1 << (n - 24)
	if size > len(r.rest) {
		return r.fail()
	}
	n = 0
	for _, c := range r.rest[:size] {
		n = n<<8 | uint64(c)
	}
	r.rest = r.rest[size:]
	return n
}

// text reads a string of a major type: 2 for bytes, 3 for text.
func (r *cborReader) text(major byte) []byte {
	n := r.head(major)
	if n > uint64(len(r.rest)) {
		r.fail()
		return nil
	}
	s := r.rest[:n]
	r.rest = r.rest[n:]
	return s
}

func (r *cborReader) fail() uint64 {
	r.failed, r.rest = true, nil
	return 0
}
