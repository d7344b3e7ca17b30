package server

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// wireCase is what a client sends on one connection, and what must come back:
// testdata/wire/README.md explains the files that they are read from.
type wireCase struct {
	where    string // file and line
	section  string // of an RFC or a standard
	name     string
	raw      string
	answers  []wireAnswer
	then     then
	headers  []string // lines that the last answer has
	unheaded []string // names that the last answer does not have
}

// wireAnswer is an answer's status, and whether it has a head alone because the method is HEAD.
type wireAnswer struct {
	status int
	head   bool
}

// then is the state of the connection after the answers.
type then string

const (
	staysOpen  then = "open"       // the next request is answered
	closes     then = "closed"     // the server closes, whatever follows
	unfinished then = "unfinished" // the server waits for more, and answers when none can come
)

// wireCases reads all cases.
func wireCases(tb testing.TB) (all []wireCase) {
	tb.Helper()
	files, err := filepath.Glob("testdata/wire/*.txt")
	if err != nil || len(files) == 0 {
		tb.Fatalf("no files in testdata/wire: %v", err)
	}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			tb.Fatal(err)
		}
		cases, err := parseWireCases(filepath.Base(f), string(text))
		if err != nil {
			tb.Fatal(err)
		}
		all = append(all, cases...)
	}
	return all
}

// parseWireCases reads the cases of one file. Every case must have a section, bytes and an end.
func parseWireCases(file, text string) (cases []wireCase, err error) {
	lines := bufio.NewScanner(strings.NewReader(text))
	for n := 1; lines.Scan(); n++ {
		line := lines.Text()
		where := fmt.Sprintf("%s:%d", file, n)
		if line == "" || line[0] == '#' {
			continue
		}
		if line[0] == '[' {
			section, name, ok := strings.Cut(line[1:], "] ")
			if !ok || section == "" || name == "" {
				return nil, fmt.Errorf("%s: not [SECTION] NAME", where)
			}
			cases = append(cases, wireCase{where: where, section: section, name: name})
			continue
		}
		if len(cases) == 0 {
			return nil, fmt.Errorf("%s: before the first case", where)
		}
		if err := cases[len(cases)-1].take(line); err != nil {
			return nil, fmt.Errorf("%s: %w", where, err)
		}
	}
	names := map[string]string{}
	for _, c := range cases {
		if c.raw == "" || c.then == "" {
			return nil, fmt.Errorf("%s: nothing is sent, or no end is expected", c.where)
		}
		if names[c.name] != "" {
			return nil, fmt.Errorf("%s: %q is at %s, too", c.where, c.name, names[c.name])
		}
		names[c.name] = c.where
	}
	if len(cases) == 0 {
		return nil, fmt.Errorf("%s: no cases", file)
	}
	return cases, lines.Err()
}

// take takes a line of a case.
func (c *wireCase) take(line string) error {
	kind, rest := line[0], strings.TrimPrefix(line[1:], " ")
	switch {
	case kind == '>' && c.then == "":
		raw, err := unescape(rest)
		c.raw += raw
		return err
	case kind == '=' && c.then == "":
		answers, end, ok := strings.Cut(rest, "; ")
		c.then = then(end)
		if !ok || c.then != staysOpen && c.then != closes && c.then != unfinished {
			return fmt.Errorf("not STATUS, ...; open, closed or unfinished")
		}
		if answers == "none" {
			return nil
		}
		for answer := range strings.SplitSeq(answers, ", ") {
			status, head := strings.CutSuffix(answer, " head")
			n, err := strconv.Atoi(status)
			if err != nil || n < 100 || n > 599 {
				return fmt.Errorf("the status %q", answer)
			}
			c.answers = append(c.answers, wireAnswer{n, head})
		}
	case kind == '+' && c.then != "":
		c.headers = append(c.headers, rest)
	case kind == '-' && c.then != "":
		c.unheaded = append(c.unheaded, rest)
	default:
		return fmt.Errorf("the line %q has no place here", line)
	}
	return nil
}

// unescape returns the bytes of a line: with CRLF, unless it ends with a backslash.
func unescape(line string) (string, error) {
	var b strings.Builder
	for i := 0; i < len(line); i++ {
		if line[i] != '\\' {
			b.WriteByte(line[i])
			continue
		}
		if i++; i == len(line) {
			return b.String(), nil
		}
		switch line[i] {
		case '\\':
			b.WriteByte('\\')
		case 'r':
			b.WriteByte('\r')
		case 'n':
			b.WriteByte('\n')
		case 't':
			b.WriteByte('\t')
		case 'x':
			n, err := strconv.ParseUint(line[i+1:min(i+3, len(line))], 16, 8)
			if err != nil || i+3 > len(line) {
				return "", fmt.Errorf("\\x without two hexadecimal digits")
			}
			b.WriteByte(byte(n))
			i += 2
		case '{': // \{16*abc}: abc, 16 times
			count, text, ok := strings.Cut(line[i+1:], "*")
			text, _, ok2 := strings.Cut(text, "}")
			n, err := strconv.Atoi(count)
			if err != nil || !ok || !ok2 {
				return "", fmt.Errorf("\\{ without TIMES*TEXT}")
			}
			b.WriteString(strings.Repeat(text, n))
			i += len(count) + len("*") + len(text) + len("}")
		default:
			return "", fmt.Errorf("\\%c is no escape", line[i])
		}
	}
	return b.String() + "\r\n", nil
}

// TestWireCases: a mistake in a file of cases is an error.
func TestWireCases(t *testing.T) {
	const good = "# A comment.\n[RFC 9112, 3] a case\n> GET / HTTP/1.1\\t\\x00\\\\\\{2*ab}\\\n" +
		"= 100, 200 head; open\n+ Allow: GET\n- Vary\n"
	cases, err := parseWireCases("f", good)
	if err != nil || len(cases) != 1 || cases[0].raw != "GET / HTTP/1.1\t\x00\\abab" ||
		len(cases[0].answers) != 2 ||
		!cases[0].answers[1].head || cases[0].then != staysOpen || len(cases[0].headers) != 1 ||
		len(cases[0].unheaded) != 1 {
		t.Errorf("%+v, %v", cases, err)
	}
	for _, bad := range []string{
		"", "# nothing\n", "> x\n", "[a]\n> x\n= none; open\n", "[] a\n> x\n= none; open\n",
		"[a] b\n> x\n", "[a] b\n= none; open\n",
		"[a] b\n> x\n= 200\n", "[a] b\n> x\n= 200; maybe\n", "[a] b\n> x\n= OK; open\n",
		"[a] b\n> \\x0\n= 200; open\n", "[a] b\n> \\q\n= 200; open\n",
		"[a] b\n> \\{x*y}\n= 200; open\n", "[a] b\n> \\{2*y\n= 200; open\n", "[a] b\n> x\n= 200; open\n" +
			"> y\n", "[a] b\n+ Allow: x\n> x\n= 200; open\n", "[a] b\nx\n> x\n= 200; open\n",
		"[a] b\n> x\n= 200; open\n[a] b\n> x\n= 200; open\n",
	} {
		if cases, err := parseWireCases("f", bad); err == nil {
			t.Errorf("%q: no error, %+v", bad, cases)
		}
	}
}
