package transport

import (
	"strconv"

	"github.com/valyala/fasthttp"
)

// chunks reads a chunked body strictly (RFC 9112, section 7.1). It drops the trailer, whose fields
// are not header fields.
type chunks struct {
	state      chunkState
	size       int64 // bytes of all chunks
	left       int64 // bytes of this chunk that are still to come
	extensions int   // bytes of all extensions
	trailer    int   // bytes of the trailer
	line       []byte
}

type chunkState int8

const (
	chunkSize    chunkState = iota // the line with the size of a chunk
	chunkData                      // the chunk itself
	chunkEnd                       // the CRLF after it
	chunkTrailer                   // the lines after the last chunk
	chunksDone
)

// Bounds of what comes with a body and is not part of it.
const (
	maxSizeDigits = 16
	maxExtensions = 256
	maxTrailer    = 4 << 10
)

// read appends the data of the chunks in b to body, and returns what comes after the chunked body.
// There may be most bytes of data in all.
func (c *chunks) read(body, b []byte, most int64) (data, rest []byte, err error) {
	for len(b) > 0 && c.state != chunksDone {
		if c.state == chunkData {
			n := min(int64(len(b)), c.left)
			body, b = appendBlock(body, b[:n]), b[n:]
			if c.left -= n; c.left == 0 {
				c.state = chunkEnd
			}
			continue
		}
		c.line = append(c.line, b[0])
		b = b[1:]
		if n := len(c.line); c.line[n-1] == '\n' {
			if n < 2 || c.line[n-2] != '\r' {
				return body, b, errChunk
			}
			if err := c.take(c.line[:n-2], most); err != nil {
				return body, b, err
			}
			c.line = c.line[:0]
		} else if n > maxTrailer || c.state != chunkTrailer && n > maxSizeDigits+maxExtensions+1 {
			return body, b, errChunk
		}
	}
	return body, b, nil
}

// take takes a line without its CRLF.
func (c *chunks) take(line []byte, most int64) error {
	switch c.state {
	case chunkSize:
		return c.takeSize(line, most)
	case chunkEnd:
		if len(line) > 0 {
			return errChunk
		}
		c.state = chunkSize
	case chunkTrailer:
		if len(line) == 0 {
			c.state = chunksDone
			return nil
		}
		if c.trailer += len(line); c.trailer > maxTrailer {
			return errField
		}
		_, _, err := cutField(line)
		return err
	}
	return nil
}

func (c *chunks) takeSize(line []byte, most int64) error {
	digits := 0
	for digits < len(line) && isHex(line[digits]) {
		digits++
	}
	if digits == 0 || digits > maxSizeDigits || !isExtension(line[digits:]) {
		return errChunk
	}
	if c.extensions += len(line) - digits; c.extensions > maxExtensions {
		return errChunk
	}
	size, err := strconv.ParseUint(string(line[:digits]), 16, 64)
	switch {
	case err != nil:
		return errChunk
	case size == 0:
		c.state = chunkTrailer
		return nil
	case size > uint64(most-c.size):
		return fasthttp.ErrBodyTooLarge
	}
	c.size += int64(size)
	c.state, c.left = chunkData, int64(size)
	return nil
}

// isExtension reports whether b is nothing, or extensions of a chunk: a name after each semicolon,
// and a token or a quoted string after an equals sign (RFC 9112, section 7.1.1), without spaces
// between.
func isExtension(b []byte) bool {
	for len(b) > 0 {
		if b[0] != ';' {
			return false
		}
		n := tokenEnd(b[1:])
		if n == 0 {
			return false
		}
		if b = b[1+n:]; len(b) == 0 || b[0] != '=' {
			continue
		}
		if n = tokenEnd(b[1:]); n == 0 {
			n = quotedEnd(b[1:])
		}
		if n == 0 {
			return false
		}
		b = b[1+n:]
	}
	return true
}

func tokenEnd(b []byte) int {
	n := 0
	for n < len(b) && tokenBytes[b[n]] {
		n++
	}
	return n
}

// quotedEnd returns how long the quoted string at the beginning of b is, 0 if there is none.
func quotedEnd(b []byte) int {
	if len(b) == 0 || b[0] != '"' {
		return 0
	}
	for i := 1; i < len(b); i++ {
		switch c := b[i]; {
		case c < ' ' || c == 0x7F:
			return 0
		case c == '"':
			return i + 1
		case c == '\\':
			if i++; i < len(b) && (b[i] < ' ' || b[i] == 0x7F) {
				return 0
			}
		}
	}
	return 0
}

func isHex(c byte) bool { return isDigit(c) || 'a' <= c|0x20 && c|0x20 <= 'f' }
