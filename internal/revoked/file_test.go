package revoked

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestFile: what one set revokes holds there, in another one of the same file within a moment, and
// after both ended.
func TestFile(t *testing.T) {
	name := filepath.Join(t.TempDir(), "revoked")
	a, _ := open(t, Config{File: name})
	if info, err := os.Stat(name); err != nil || info.Mode().Perm() != 0o600 ||
		read(t, name) != header {
		t.Errorf("a new file: %v, %v", info, err)
	}
	b, _ := open(t, Config{File: name})
	if !a.Loaded() || !b.Loaded() {
		t.Error("not loaded")
	}
	revoke(t, a, 1)
	revoke(t, b, 2)
	revoke(t, a, 3)
	if !a.Has(id(1)) || !b.Has(id(2)) || !a.Has(id(3)) || a.Has(id(4)) {
		t.Error("a set does not have what it revoked")
	}
	await(t, "each has what the other revoked", func() bool {
		return a.Has(id(2)) && b.Has(id(1)) && b.Has(id(3))
	})
	if err := Add(context.Background(), Config{File: name, Now: a.memory.now}, id(4),
		testUntil); err != nil {
		t.Error(err)
	}
	await(t, "both have what the command line revoked", func() bool {
		return a.Has(id(4)) && b.Has(id(4))
	})
	if got, want := read(t, name), lines(1, 2, 3, 4); got != want {
		t.Errorf("%q, want %q", got, want)
	}
	a.Close()
	b.Close()
	c, log := open(t, Config{File: name})
	for i := range 6 {
		if got, want := c.Has(id(i)), 1 <= i && i <= 4; got != want {
			t.Errorf("after a restart: session %d: %v", i, got)
		}
	}
	if log.String() != "" {
		t.Error(log)
	}
	if s := c.Stats(); s.Sessions != 4 || !s.Loaded || s.Failures != 0 {
		t.Errorf("%+v", s)
	}
}

// TestUntil: a time that is over, or that no token can express, is told apart from a disk that
// fails, which alone is counted.
func TestUntil(t *testing.T) {
	name := filepath.Join(t.TempDir(), "revoked")
	s, _ := open(t, Config{File: name})
	for until, want := range map[int64]error{
		testTime - 1: ErrOver, testTime: nil, math.MaxUint32: nil, math.MaxUint32 + 1: ErrLate,
		math.MinInt64: ErrOver, math.MaxInt64: ErrLate,
	} {
		if err := s.Revoke(context.Background(), id(int(until)), until); !errors.Is(err, want) {
			t.Errorf("until %d: %v", until, err)
		}
		if s.Has(id(int(until))) != (want == nil) {
			t.Errorf("until %d: revoked", until)
		}
	}
	if s := s.Stats(); s.Revoked != 2 || s.Refused != 0 {
		t.Errorf("%+v", s)
	}
	if err := errors.Join(os.Remove(name), os.Mkdir(name, 0o700)); err != nil {
		t.Fatal(err)
	}
	if err := s.Revoke(context.Background(), id(1), testTime); err == nil {
		t.Error("kept in a directory")
	}
	if s := s.Stats(); s.Revoked != 2 || s.Refused != 1 {
		t.Errorf("%+v", s)
	}
}

// TestStart: what a file can look like when the process starts, what counts of it, what is logged,
// and what it looks like afterwards.
func TestStart(t *testing.T) {
	old := string(appendLine(nil, id(9), testTime-2*spare))
	short := string(appendLine(nil, id(1), testTime+1))
	for _, c := range []struct {
		name, data string
		has        []int
		logs, err  string
		after      string
	}{
		{"empty", "", nil, "", "", header},
		{"half a first line", header[:10], nil, "not complete", "", header},
		{"good", lines(1, 2), []int{1, 2}, "", "", lines(1, 2)},
		{"a torn line", lines(1, 2, 3)[:len(lines(1, 2, 3))-1], []int{1, 2}, "not complete", "",
			lines(1, 2)},
		{"zeros", lines(1, 2) + "\x00\x00\x00", []int{1, 2}, "not complete", "", lines(1, 2)},
		{"what is over", lines(1) + old + lines(2)[len(header):], []int{1, 2}, "", "", lines(1, 2)},
		{"what was replaced", header + short + lines(1, 2)[len(header):], []int{1, 2}, "", "",
			lines(1, 2)},
		{"a damaged line", lines(1) + "x\n" + lines(2)[len(header):], nil, "",
			"line 3 is damaged: remove it", ""},
		{"another file", "root:x:0:0:root:/root:/bin/bash\n", nil, "", "not a file of revoked sessions",
			""},
	} {
		t.Run(c.name, func(t *testing.T) {
			name := filepath.Join(t.TempDir(), "revoked")
			write(t, name, c.data)
			if c.err != "" {
				s, err := Open(Config{File: name, Now: newClock(testTime).now})
				if s != nil || err == nil || !strings.Contains(err.Error(), c.err) ||
					!strings.Contains(err.Error(), name) {
					t.Errorf("%v", err)
				}
				c.after = c.data
			} else {
				s, log := open(t, Config{File: name})
				for i := range 10 {
					if got := s.Has(id(i)); got != strings.Contains(fmt.Sprint(c.has), fmt.Sprint(i)) {
						t.Errorf("session %d: %v", i, got)
					}
				}
				if got := log.String(); (got == "") != (c.logs == "") || !strings.Contains(got, c.logs) {
					t.Errorf("logged %q", got)
				}
				revoke(t, s, 7)
				c.after += string(appendLine(nil, id(7), testUntil))
			}
			if got := read(t, name); got != c.after {
				t.Errorf("afterwards %q, want %q", got, c.after)
			}
			if _, err := os.Stat(name + ".new"); !errors.Is(err, fs.ErrNotExist) {
				t.Error(err)
			}
		})
	}
}

// TestLink: the name may be a symbolic link, which stays one.
func TestLink(t *testing.T) {
	dir := t.TempDir()
	name, link := filepath.Join(dir, "real"), filepath.Join(dir, "link")
	write(t, name, lines(1)+string(appendLine(nil, id(9), 1)))
	if err := os.Symlink(name, link); err != nil {
		t.Fatal(err)
	}
	s, _ := open(t, Config{File: link})
	revoke(t, s, 2)
	if info, err := os.Lstat(link); err != nil || info.Mode()&fs.ModeSymlink == 0 ||
		read(t, name) != lines(1, 2) {
		t.Errorf("%v, %v, %q", info, err, read(t, name))
	}
}

// TestNoFile: names that cannot be a file are errors, not services without revocations. The command
// line makes no file, whose owner it would be.
func TestNoFile(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{dir, filepath.Join(dir, "missing", "revoked"), "/dev/null"} {
		if s, err := Open(Config{File: name, Now: newClock(testTime).now}); s != nil || err == nil ||
			!strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	name := filepath.Join(dir, "none")
	if err := Add(context.Background(), Config{File: name, Now: newClock(testTime).now}, id(1),
		testTime+1); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	if _, err := os.Stat(name); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	for _, c := range []Config{{}, {File: name, Redis: "redis://127.0.0.1"}, {Redis: "127.0.0.1:6379"},
		{Redis: "redis://u:secret@h/x"}} {
		c.Now = newClock(testTime).now
		if s, err := Open(c); s != nil || err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

// TestLost: a set writes back what the file lost while it ran, whatever happened to the file.
func TestLost(t *testing.T) {
	for name, lose := range map[string]func(string) error{
		"removed":   os.Remove,
		"truncated": func(name string) error { return os.Truncate(name, int64(len(lines(1)))) },
		"emptied":   func(name string) error { return os.Truncate(name, 0) },
		"replaced": func(name string) error {
			return errors.Join(os.WriteFile(name+"2", []byte(lines(1, 5)), 0o600), os.Rename(name+"2", name))
		},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "revoked")
			s, log := open(t, Config{File: file})
			for i := range 5 {
				revoke(t, s, i)
			}
			if err := lose(file); err != nil {
				t.Fatal(err)
			}
			await(t, "the file is whole again", func() bool {
				data, _ := os.ReadFile(file)
				for i := range 5 {
					if !bytes.Contains(data, appendLine(nil, id(i), testUntil)) {
						return false
					}
				}
				return true
			})
			revoke(t, s, 6)
			again, _ := open(t, Config{File: file})
			for i := range 5 {
				if !again.Has(id(i)) {
					t.Errorf("session %d is lost", i)
				}
			}
			if !again.Has(id(6)) || again.Has(id(5)) != (name == "replaced") ||
				s.Has(id(5)) != (name == "replaced") {
				t.Error("what was in the file, or came after")
			}
			if !strings.Contains(log.String(), "lacked some") {
				t.Error(log)
			}
		})
	}
}
