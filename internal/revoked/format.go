package revoked

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"hash/crc32"
	"math"
	"strconv"
)

// The file is text, for people to read and repair: a line with what it is, and then one for each
// revocation, with the session, until when in Unix seconds, and a CRC-32 of both as they stand
// there. A session may have several lines: the latest time counts.
const header = "videotoken: revoked sessions, version 1\n"

const sessionDigits = 16

// ErrSession is the error of text that is not a session.
var ErrSession = errors.New("must be a string of 16 hexadecimal digits")

// ParseSession reads a session as requests, the command line and the file have it.
func ParseSession(text []byte) (session [8]byte, err error) {
	if len(text) != sessionDigits {
		return session, ErrSession
	}
	if _, err := hex.Decode(session[:], text); err != nil {
		return session, ErrSession
	}
	return session, nil
}

// appendLine appends a revocation's line.
func appendLine(dst []byte, session [8]byte, until uint32) []byte {
	start := len(dst)
	dst = append(hex.AppendEncode(dst, session[:]), ' ')
	dst = strconv.AppendUint(dst, uint64(until), 10)
	sum := checksum(dst[start:])
	return append(append(append(dst, ' '), sum[:]...), '\n')
}

// lineSize returns the length of a revocation's line.
func lineSize(until uint32) int {
	size := sessionDigits + len(" 0 01234567\n")
	for ; until >= 10; until /= 10 {
		size++
	}
	return size
}

// checksum returns a CRC-32 in hexadecimal digits.
func checksum(text []byte) (digits [8]byte) {
	var sum [4]byte
	binary.BigEndian.PutUint32(sum[:], crc32.ChecksumIEEE(text))
	hex.Encode(digits[:], sum[:])
	return digits
}

// parseLine reads a line, without its end.
func parseLine(line []byte) (session [8]byte, until uint32, ok bool) {
	s, rest, _ := bytes.Cut(line, []byte(" "))
	u, sum, ok := bytes.Cut(rest, []byte(" "))
	if !ok {
		return session, 0, false
	}
	session, err := ParseSession(s)
	if err != nil {
		return session, 0, false
	}
	n, err := strconv.ParseUint(string(u), 10, 32)
	if err != nil || n > math.MaxUint32 {
		return session, 0, false
	}
	want := checksum(line[:len(line)-len(sum)-1])
	return session, uint32(n), string(sum) == string(want[:])
}

// errOtherFile is the error of a file that is something else.
var errOtherFile = errors.New("it is not a file of revoked sessions: its first line is another one")

// scan calls f for each line of a file, or of the rest of one after its first line. It returns how
// many bytes there are up to the end of the last valid line. What follows was being written when
// the process or the machine ended. damaged is the number of the first invalid line before that, 0
// if there is none.
func scan(data []byte, f func(session [8]byte, until uint32)) (valid, damaged int) {
	invalid := 0
	for at, number := 0, 1; at < len(data); number++ {
		end := bytes.IndexByte(data[at:], '\n')
		if end < 0 {
			break
		}
		session, until, ok := parseLine(data[at : at+end])
		if at += end + 1; !ok {
			if invalid == 0 {
				invalid = number
			}
			continue
		}
		if invalid != 0 && damaged == 0 {
			damaged = invalid
		}
		f(session, until)
		valid = at
	}
	return valid, damaged
}

// checkHeader returns the length of the first line, and 0 for a file that has none yet: one that is
// empty, or was being made when the process or the machine ended.
func checkHeader(data []byte) (int, error) {
	switch {
	case bytes.HasPrefix(data, []byte(header)):
		return len(header), nil
	case len(data) < len(header) && header[:len(data)] == string(data),
		len(bytes.Trim(data, "\x00")) == 0:
		return 0, nil
	}
	return 0, errOtherFile
}
