package revoked

import (
	"bytes"
	"fmt"
	"hash/crc32"
	"math"
	"strings"
	"testing"
)

// TestLine: the file's format, which other programs may read.
func TestLine(t *testing.T) {
	session := [8]byte{0, 0x11, 0x22, 0x33, 0xaa, 0xbb, 0xcc, 0xdd}
	line := string(appendLine(nil, session, 1_790_000_000))
	if want := "00112233aabbccdd 1790000000 "; !strings.HasPrefix(line, want) ||
		line != fmt.Sprintf("%s%08x\n", want, crc32.ChecksumIEEE([]byte(want[:len(want)-1]))) {
		t.Errorf("%q", line)
	}
	for _, until := range []uint32{0, 1, 9, 10, 999_999_999, 1_000_000_000, math.MaxUint32} {
		line := appendLine(nil, session, until)
		if lineSize(until) != len(line) {
			t.Errorf("%q: %d bytes, want %d", line, lineSize(until), len(line))
		}
		if s, u, ok := parseLine(line[:len(line)-1]); s != session || u != until || !ok {
			t.Errorf("%q: %x, %d, %v", line, s, u, ok)
		}
	}
	for i := range len(line) - 1 { // each byte counts
		changed := []byte(line[:len(line)-1])
		changed[i] ^= 1
		if s, u, ok := parseLine(changed); ok {
			t.Errorf("%q: %x, %d", changed, s, u)
		}
	}
	for _, wrong := range []string{"", " ", "00112233aabbccdd", line + "x", line, " " + line,
		strings.Repeat("0", 40)} {
		if _, _, ok := parseLine([]byte(wrong)); ok {
			t.Errorf("%q", wrong)
		}
	}
}

// TestScan: what follows the last valid line is dropped, what is damaged before it is told.
func TestScan(t *testing.T) {
	line := func(i int) string { return string(appendLine(nil, id(i), uint32(i))) }
	good := line(1) + line(2)
	for _, c := range []struct {
		name, data string
		valid      int
		damaged    int
		lines      int
	}{
		{"nothing", "", 0, 0, 0},
		{"two lines", good, len(good), 0, 2},
		{"no line end", good + line(3)[:len(line(3))-1], len(good), 0, 2},
		{"one byte", good + "0", len(good), 0, 2},
		{"zeros", good + strings.Repeat("\x00", 100), len(good), 0, 2},
		{"zeros and the end of a line", good + "\x00\x00\x00 12\n", len(good), 0, 2},
		{"an empty line", good + "\n", len(good), 0, 2},
		{"damaged", line(1) + "x" + line(2) + line(3) + "y\n" + line(4),
			len(line(1)) + 1 + len(line(2)) + len(line(3)) + 2 + len(line(4)), 2, 3},
		{"damaged, and no end", "\n" + line(1) + line(2)[:9], 1 + len(line(1)), 1, 1},
	} {
		lines := 0
		valid, damaged := scan([]byte(c.data), func([8]byte, uint32) { lines++ })
		if valid != c.valid || damaged != c.damaged || lines != c.lines {
			t.Errorf("%s: %d bytes of %d, line %d, %d lines", c.name, valid, c.valid, damaged, lines)
		}
	}
}

func TestHeader(t *testing.T) {
	for data, want := range map[string]int{
		header: len(header), header + "x": len(header), "": 0, header[:1]: 0, header[:len(header)-1]: 0,
		"\x00\x00\x00": 0,
		"root:x:0:0\n": -1, "\n": -1, header[1:]: -1, "x" + header: -1,
		strings.Replace(header, "1", "2", 1): -1,
	} {
		n, err := checkHeader([]byte(data))
		if (err != nil) != (want < 0) || err == nil && n != want {
			t.Errorf("%q: %d, %v", data, n, err)
		}
	}
}

// FuzzScan: a file is read as the lines that were written, whatever stands after them.
func FuzzScan(f *testing.F) {
	f.Add(uint8(3), []byte("0011"))
	f.Add(uint8(0), []byte("\x00\x00\n"))
	f.Fuzz(func(t *testing.T, n uint8, tail []byte) {
		var data []byte
		for i := range int(n) {
			data = appendLine(data, id(i), uint32(i))
		}
		whole := len(data)
		read := 0
		valid, damaged := scan(append(data, tail...), func(session [8]byte, until uint32) {
			if read < int(n) && (session != id(read) || until != uint32(read)) {
				t.Errorf("line %d: %x, %d", read, session, until)
			}
			read++
		})
		inTail := bytes.Count(tail, []byte("\n"))
		if valid < whole || read < int(n) || read > int(n)+inTail ||
			inTail == 0 && (valid != whole || damaged != 0) {
			t.Errorf("%d lines, %d bytes of %d, damaged %d", read, valid, whole, damaged)
		}
	})
}
