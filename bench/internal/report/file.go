package report

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"videotoken/bench/internal/record"
)

// Schema is the version of the JSON file. It changes when a member changes its meaning or goes.
const Schema = 1

// File is the JSON file of one invocation.
type File struct {
	Schema  int              `json:"schema"`
	Time    time.Time        `json:"time"`
	Commit  string           `json:"commit"` // of what was measured
	Flags   []string         `json:"flags"`
	Machine Machine          `json:"machine"`
	Results []*record.Result `json:"results"`
}

// Machine is what figures of different machines differ by.
type Machine struct {
	CPU    string `json:"cpu"`
	Cores  int    `json:"cores"`
	Memory int64  `json:"memory_bytes"`
	OS     string `json:"os"`
	Arch   string `json:"arch"`
	Kernel string `json:"kernel"`
	Go     string `json:"go"` // of the harness
}

func (m Machine) String() string {
	text := fmt.Sprintf("%s, %d cores, %s, %s/%s %s", m.CPU, m.Cores, Bytes(float64(m.Memory)),
		m.OS, m.Arch, m.Kernel)
	if m.Go != "" {
		text += ", " + m.Go
	}
	return text
}

// ErrFile is the error of a file that is not one of ours, or of another version.
var ErrFile = errors.New("not a result file")

// ThisMachine describes the machine it runs on. What it cannot read is "unknown" or 0.
func ThisMachine() Machine {
	m := Machine{CPU: "unknown", Cores: runtime.NumCPU(), OS: runtime.GOOS, Arch: runtime.GOARCH,
		Kernel: "unknown",
		Go:     runtime.Version()}
	if info, ok := debug.ReadBuildInfo(); ok {
		m.Go = info.GoVersion
	}
	m.CPU = field("/proc/cpuinfo", "model name", m.CPU)
	var kb int64
	if _, err := fmt.Sscan(field("/proc/meminfo", "MemTotal", "0"), &kb); err == nil {
		m.Memory = kb << 10
	}
	var u unix.Utsname
	if unix.Uname(&u) == nil {
		m.Kernel = unix.ByteSliceToString(u.Release[:])
	}
	return m
}

// field is the value of the first "name : value" of a file of /proc.
func field(file, name, missing string) string {
	f, err := os.Open(file)
	if err != nil {
		return missing
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		if k, v, ok := strings.Cut(s.Text(), ":"); ok && strings.TrimSpace(k) == name {
			return strings.TrimSpace(v)
		}
	}
	return missing
}

// Write writes the file.
func (f *File) Write(name string) error {
	b, err := json.MarshalIndent(f, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(name, append(b, '\n'), 0o644)
}

// Read reads a file that Write wrote.
func Read(name string) (*File, error) {
	b, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	f := &File{}
	if err := json.Unmarshal(b, f); err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrFile, name, err)
	}
	if f.Schema != Schema {
		return nil, fmt.Errorf("%w: %s has schema %d, want %d: measure it again", ErrFile, name,
			f.Schema, Schema)
	}
	return f, nil
}
