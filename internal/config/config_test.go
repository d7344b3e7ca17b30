package config_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"videotoken/internal/config"
	"videotoken/token"
)

var secret = token.FormatSecret(bytes.Repeat([]byte{7}, token.SecretSize))

// full uses every field.
const full = `
listen: "127.0.0.1:3002"
admin: "127.0.0.1:9302"
transport: fasthttp
balance: affinity
token: {ttl: 1h, max_ttl: 2h, round: 1m, leeway: 0s}
cdns:
  - name: aws-1
    url: https://d111.cloudfront.net
    weight: 2
    keys:
      - {id: 7, secret_file: aws-1-7}
      - {id: 6, secret: "SECRET"}
  - name: own
    url: http://127.0.0.1:8080
    keys: [{id: 0, secret: SECRET}]
cors: {origins: ["https://player.example", "http://localhost:8080"]}
trusted_proxies: ["10.0.0.0/8", "::1"]
`

func write(t *testing.T, name, content string, mode os.FileMode) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(strings.ReplaceAll(content, "SECRET", secret)), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(file, mode); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestLoad(t *testing.T) {
	file := write(t, "videotoken.yaml", full, 0o600)
	secretFile := filepath.Join(filepath.Dir(file), "aws-1-7")
	for mode, warnings := range map[os.FileMode]int{0o600: 0, 0o644: 1} {
		if err := os.WriteFile(secretFile, []byte(secret+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(secretFile, mode); err != nil {
			t.Fatal(err)
		}
		c, err := config.Load(file)
		if err != nil {
			t.Fatal(err)
		}
		if len(c.Warnings) != warnings {
			t.Errorf("mode %v: warnings %q", mode, c.Warnings)
		}
		cdns := c.CDNs.All()
		got := fmt.Sprint(c.Listen, c.Admin, c.Transport, c.Token, c.Origins, c.TrustedProxies, len(cdns),
			cdns[0].Name, cdns[0].URL, cdns[0].Weight, cdns[0].Keys, cdns[1].URL, cdns[1].Weight, cdns[1].Keys)
		const want = "127.0.0.1:3002127.0.0.1:9302fasthttp{1h0m0s 2h0m0s 1m0s 0s} [https://player.example http://localhost:8080] [10.0.0.0/8 ::1/128] 2" +
			"aws-1https://d111.cloudfront.net2 [key 7 key 6]http://127.0.0.1:80801 [key 0]"
		if got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		if s := c.Signer(); s.TTL != 3600 || s.MaxTTL != 7200 || s.Round != 60 {
			t.Errorf("signer %+v", s)
		}
	}
}

func TestDefaults(t *testing.T) {
	c, err := config.Load(write(t, "videotoken.yaml", `cdns: [{name: a, url: "https://a.example", keys: [{id: 1, secret: SECRET}]}]`, 0o600))
	if err != nil {
		t.Fatal(err)
	}
	want := config.Token{TTL: 6 * time.Hour, MaxTTL: 24 * time.Hour, Round: 5 * time.Minute, Leeway: 10 * time.Second}
	if c.Listen != ":3002" || c.Admin != "127.0.0.1:9302" || c.Transport != "auto" || c.Token != want || c.CDNs.All()[0].Weight != 1 {
		t.Errorf("%+v", c)
	}
}

func TestMistakes(t *testing.T) {
	const cdns = `cdns: [{name: a, url: "https://a.example", keys: [{id: 1, secret: SECRET}]}]` + "\n"
	for _, c := range []struct {
		name, yaml string
		want       []string // parts of each line of the error, in order
	}{
		{"empty file", "", []string{"cdns: is missing"}},
		{"comments only", "# nothing\n", []string{"cdns: is missing"}},
		{"not a mapping", "- a\n", []string{"line 1, column 1: must be a mapping of admin, balance, cdns", "cdns: is missing"}},
		{"not YAML", "listen: [\n", []string{"line 1, column 9: not valid YAML"}},
		{"a tab", "token:\n\tttl: 1h\n", []string{"line 2, column 1: not valid YAML"}},
		{"twice", cdns + "listen: nowhere\nlisten: \":2\"\nbalance: random\n", []string{"line 2, column 9: listen: must be", "line 3, column 1: listen: is there twice, first on line 2", "line 4, column 10: balance"}},
		{"ttl unparsable and max_ttl below the default", cdns + "token: {ttl: 6 hours, max_ttl: 1h}\n", []string{"line 2, column 14: token.ttl: must be a duration of whole seconds from 1s to 87600h0m0s"}},
		{"leeway too long", cdns + "token: {leeway: 2h}\n", []string{"token.leeway: must be a duration of whole seconds from 0s to 1h0m0s"}},
		{"two documents", cdns + "---\n" + cdns, []string{"line 3, column 5: a second YAML document"}},
		{"unknown field", cdns + "listne: \":1\"\n", []string{"line 2, column 1: listne: unknown field: expected one of admin, balance, cdns, cors, listen, token, transport, trusted_proxies"}},
		{"no value", cdns + "listen:\n", []string{"line 2, column 1: listen: has no value"}},
		{"listen", cdns + "listen: localhost\n", []string{"line 2, column 9: listen: must be HOST:PORT"}},
		{"port", cdns + "admin: \":99999\"\n", []string{"line 2, column 8: admin: must be HOST:PORT"}},
		{"transport", cdns + "transport: kqueue\n", []string{"line 2, column 12: transport: must be auto, epoll or fasthttp"}},
		{"balance", cdns + "balance: random\n", []string{"line 2, column 10: balance: must be round-robin or affinity"}},
		{"durations", cdns + "token: {ttl: 6, max_ttl: 1.5s, round: 0s, leeway: -1s}\n", []string{
			"line 2, column 14: token.ttl: must be a duration", "column 26: token.max_ttl: must be a duration", "column 39: token.round: must be a duration", "column 51: token.leeway: must be a duration"}},
		{"ttl above max_ttl", cdns + "token:\n  max_ttl: 1h\n  ttl: 2h\n", []string{"line 4, column 8: token.ttl: ttl, 2h0m0s, is above max_ttl, 1h0m0s"}},
		{"default ttl above max_ttl", cdns + "token: {max_ttl: 1h}\n", []string{"line 2, column 18: token.max_ttl: ttl, 6h0m0s, is above"}},
		{"cdns not a list", "cdns: 5\n", []string{"line 1, column 7: cdns: must be a list"}},
		{"no cdns", "cdns: []\n", []string{"line 1, column 7: cdns: is empty"}},
		{"cdn without anything", "cdns:\n  - weight: 1\n", []string{"cdns[0].name: is missing", "cdns[0].url: is missing", "cdns[0].keys: is missing"}},
		{"no key", "cdns:\n  - {name: a, url: https://a.example, keys: []}\n", []string{"line 2, column 45: cdns[0].keys: has no key"}},
		{"urls", `cdns:
  - {name: a, url: "https://a.example/", keys: [{id: 1, secret: SECRET}]}
  - {name: b, url: "https://a.example/path", keys: [{id: 2, secret: SECRET}]}
  - {name: c, url: "https://a.example?x", keys: [{id: 3, secret: SECRET}]}
  - {name: d, url: "a.example", keys: [{id: 4, secret: SECRET}]}
  - {name: e, url: "ftp://a.example", keys: [{id: 5, secret: SECRET}]}
  - {name: f, url: "https://", keys: [{id: 6, secret: SECRET}]}
  - {name: g, url: "https://user@a.example", keys: [{id: 7, secret: SECRET}]}
  - {name: h, url: "https://a.example:", keys: [{id: 8, secret: SECRET}]}
  - {name: i, url: "https://a\"b", keys: [{id: 9, secret: SECRET}]}
  - {name: j, url: "https://a.example#", keys: [{id: 10, secret: SECRET}]}
  - {name: k, url: "https://a.example:70000", keys: [{id: 11, secret: SECRET}]}
  - {name: l, url: 5, keys: [{id: 12, secret: SECRET}]}
`, []string{
			"line 2, column 20: cdns[0].url: must be a scheme and a host", "line 3, column 20: cdns[1].url", "line 4, column 20: cdns[2].url", "line 5, column 20: cdns[3].url",
			"line 6, column 20: cdns[4].url", "line 7, column 20: cdns[5].url", "line 8, column 20: cdns[6].url", "line 9, column 20: cdns[7].url",
			"line 10, column 20: cdns[8].url", "line 11, column 20: cdns[9].url", "line 12, column 20: cdns[10].url", "line 13, column 20: cdns[11].url: must be a string"}},
		{"names, weights and ids", `cdns:
  - {name: a, url: "https://a.example", weight: 0, keys: [{id: 1, secret: SECRET}, {id: 1, secret: SECRET}]}
  - {name: a, url: "https://b.example", weight: 1001, keys: [{id: 1, secret: SECRET}]}
  - {name: "b/c", url: "https://c.example", weight: 1.5, keys: [{id: 65536, secret: SECRET}, {id: -1, secret: SECRET}, {secret: SECRET}]}
`, []string{
			"line 2, column 49: cdns[0].weight: must be a whole number from 1 to 1000", "line 2, column 126: cdns[0].keys[1].id: 1 is the id of cdns[0].keys[0] already",
			`line 3, column 12: cdns[1].name: "a" is the name of cdns[0] already`, "line 3, column 49: cdns[1].weight", "line 3, column 67: cdns[1].keys[0].id: 1 is the id of cdns[0].keys[0] already",
			`line 4, column 12: cdns[2].name: must be 1 to 64 letters`, "line 4, column 53: cdns[2].weight: must be", "cdns[2].keys[0].id: must be a whole number from 0 to 65535", "cdns[2].keys[1].id: must be", "cdns[2].keys[2].id: is missing"}},
		{"secrets in the wrong place", "SECRET: 1\n" + cdns + "cors: {SECRET}\n", []string{"line 1, column 1: (not shown): unknown field", "cors.(not shown): unknown field"}},
		{"a secret as a file", "cdns: [{name: a, url: \"https://a.example\", keys: [{id: 1, secret_file: SECRET}, {id: 2, SECRET: 1, secret: SECRET}]}]\n", []string{"keys[0].secret_file: is a secret, not the name of a file", "keys[1].(not shown): unknown field"}},
		{"a secret in bad YAML", "cdns: |SECRET\n", []string{"line 1, column 7: not valid YAML"}},
		{"too deep", strings.Repeat("[", 100_000), []string{"nested deeper than 32"}},
		{"too large", "#" + strings.Repeat(" ", 300<<10), []string{"more than 256 KiB"}},
		{"secrets", `cdns:
  - name: a
    url: https://a.example
    keys:
      - {id: 1, secret: c2hvcnQ}
      - {id: 2}
      - {id: 3, secret: SECRET, secret_file: x}
      - {id: 4, secret_file: /nowhere/at/all}
      - {id: 5, secret_file: /}
      - {id: 6, secret: 5}
`, []string{
			"line 5, column 25: cdns[0].keys[0].secret: must be 32 bytes as 43 characters of base64url without padding, as `videotoken keygen` prints them; this has 7 characters",
			"cdns[0].keys[1]: needs a secret_file or a secret", "cdns[0].keys[2].secret_file: cannot be read", "cdns[0].keys[2]: has both", "line 8, column 30: cdns[0].keys[3].secret_file: cannot be read",
			"line 9, column 30: cdns[0].keys[4].secret_file: cannot be read: it is not a file", "line 10, column 25: cdns[0].keys[5].secret: must be a string"}},
		{"origins", cdns + `cors: {origins: ["https://a.example/", "*", "null", "HTTPS://a.example", "https://a.example:443", 5]}`, []string{
			`column 18: cors.origins[0]: must be "*" or an origin`, "cors.origins[2]", "cors.origins[3]", "cors.origins[4]", "cors.origins[5]: must be a string"}},
		{"every origin and one", cdns + `cors: {origins: ["https://a.example", "*"]}`, []string{`cors.origins: "*" allows every origin`}},
		{"proxies", cdns + `trusted_proxies: ["10.0.0.0/33", "host", "fe80::1%eth0", "::ffff:10.0.0.0/104"]`, []string{
			"column 19: trusted_proxies[0]: must be an address or a prefix", "trusted_proxies[1]", "trusted_proxies[2]", "trusted_proxies[3]"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			file := write(t, "videotoken.yaml", c.yaml, 0o600)
			_, err := config.Load(file)
			var m *config.Mistakes
			if !errors.As(err, &m) {
				t.Fatalf("got %v", err)
			}
			lines := strings.Split(err.Error(), "\n")
			for i, line := range lines {
				if strings.Contains(line, secret) || strings.Contains(line, "c2hvcnQ") {
					t.Errorf("a secret in %q", line)
				}
				if !strings.HasPrefix(line, file+": ") || i < len(c.want) && !strings.Contains(line, c.want[i]) {
					t.Errorf("line %d: got %q; want %q", i, line, c.want[min(i, len(c.want)-1)])
				}
			}
			if len(lines) != len(c.want) {
				t.Errorf("%d mistakes, want %d:\n%v", len(lines), len(c.want), err)
			}
		})
	}
	if _, err := config.Load("/nowhere/videotoken.yaml"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
}

func TestDemo(t *testing.T) {
	c, err := config.Demo(bytes.NewReader(make([]byte, 96)))
	if err != nil || len(c.CDNs.All()) != 3 || c.Listen != ":3002" {
		t.Fatalf("%+v, %v", c, err)
	}
	if _, err := config.Demo(bytes.NewReader(make([]byte, 95))); err == nil {
		t.Error("a key of less than 32 random bytes")
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(strings.ReplaceAll(full, "SECRET", secret)))
	f.Add([]byte("cdns: [&a {name: *a}]\n<<: {x: y}\n"))
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := config.Parse(filepath.Join(dir, "videotoken.yaml"), data)
		if (c == nil) == (err == nil) {
			t.Fatalf("%v, %v", c, err)
		}
		if err == nil && (len(c.CDNs.All()) == 0 || c.Token.TTL < time.Second || c.Token.TTL > c.Token.MaxTTL || c.Token.Round < time.Second) {
			t.Fatalf("accepted %q as %+v", data, c)
		}
	})
}
