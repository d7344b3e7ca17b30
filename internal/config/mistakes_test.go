package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"videotoken/internal/config"
)

func TestMistakes(t *testing.T) {
	const cdns = `cdns: [{name: a, url: "https://a.example", keys: [{id: 1, secret: SECRET}]}]` + "\n"
	for _, c := range []struct {
		name, yaml string
		want       []string // parts of each line of the error, in order
	}{
		{"empty file", "", []string{"cdns: is missing"}},
		{"comments only", "# nothing\n", []string{"cdns: is missing"}},
		{"not a mapping", "- a\n",
			[]string{"line 1, column 1: must be a mapping of access_log, admin, admin_hosts, admin_key, " +
				"allow, balance, callers, cdns", "cdns: is missing"}},
		{"not YAML", "listen: [\n",
			[]string{"line 2, column 1: is not YAML: did not find expected node content"}},
		{"a tab", "token:\n\tttl: 1h\n", []string{"line 2, column 1: is a tab"}},
		{"twice", cdns + "listen: nowhere\nlisten: \":2\"\nbalance: random\n",
			[]string{"line 2, column 9: listen: must be",
				"line 3, column 1: listen: is there twice, first on line 2", "line 4, column 10: balance"}},
		{"ttl unparsable and max_ttl below the default", cdns + "token: {ttl: 6 hours, max_ttl: 1h}\n",
			[]string{"line 2, column 14: token.ttl: must be a duration of whole seconds from 1s to " +
				"87600h0m0s"}},
		{"leeway too long", cdns + "token: {leeway: 2h}\n",
			[]string{"token.leeway: must be a duration of whole seconds from 0s to 1h0m0s"}},
		{"two documents", cdns + "---\n" + cdns, []string{"line 2, column 1: a second YAML document"}},
		{"unknown field", cdns + "listne: \":1\"\n",
			[]string{"line 2, column 1: listne: unknown field: expected one of access_log, admin, " +
				"admin_hosts, admin_key, allow, balance, callers, cdns, client_address, cors, document, " +
				"drain, limits, listen, revocations, signature_cache, token, transport, trusted_proxies"}},
		{"no value", cdns + "listen:\n", []string{"line 2, column 1: listen: has no value"}},
		{"listen", cdns + "listen: localhost\n", []string{"line 2, column 9: listen: must be HOST:PORT"}},
		{"listen twice", cdns + "listen: [\":1\", \":2\", \":1\"]\n",
			[]string{"line 2, column 22: listen[2]: is the address of listen[0] already"}},
		{"listen on nothing", cdns + "listen: []\n",
			[]string{"line 2, column 9: listen: must have 1 to 64 elements"}},
		{"listen on a socket", cdns + "listen: [\"unix:s\", 7]\n",
			[]string{"line 2, column 10: listen[0]: must be HOST:PORT",
				"line 2, column 20: listen[1]: must be a string"}},
		{"admin without a key", cdns + "admin: \":9302\"\n",
			[]string{"line 2, column 8: admin: other machines can reach it: add an admin_key"}},
		{"admin key", cdns + "admin_key: secret\n",
			[]string{"line 2, column 12: admin_key: must be the hash of a key"}},
		{"admin hosts", cdns + "admin_hosts: [\"a:1\", \"b/\"]\n",
			[]string{"line 2, column 15: admin_hosts[0]: must be a name",
				"line 2, column 22: admin_hosts[1]: must be a name"}},
		{"revocations nowhere", cdns + "revocations: {}\n",
			[]string{"line 2, column 14: revocations: needs a file, or the URL of Redis"}},
		{"revocations twice", cdns + "revocations: {file: a, redis: \"redis://h\"}\n",
			[]string{"line 2, column 14: revocations: needs a file, or"}},
		{"revocations in Redis", cdns + "revocations: {redis: \"redis://:secret@h/x\"}\n",
			[]string{"line 2, column 22: revocations.redis: must be a URL such as"}},
		{"port", cdns + "admin: \":99999\"\n", []string{"line 2, column 8: admin: must be HOST:PORT"}},
		{"transport", cdns + "transport: kqueue\n",
			[]string{"line 2, column 12: transport: must be auto, epoll or fasthttp"}},
		{"balance", cdns + "balance: random\n",
			[]string{"line 2, column 10: balance: must be round-robin or affinity"}},
		{"durations", cdns + "token: {ttl: 6, max_ttl: 1.5s, round: 0s, leeway: -1s}\n", []string{
			"line 2, column 14: token.ttl: must be a duration",
			"column 26: token.max_ttl: must be a duration", "column 39: token.round: must be a duration",
			"column 51: token.leeway: must be a duration"}},
		{"patterns", cdns + "document: {urls: [plyr, a.b, \"a[0]\", a.b, {scope: directory}, {path: x, " +
			"scope: wide}, [y]]}\n", []string{
			"column 30: document.urls[2]: \"a[0]\" must be names",
			"column 38: document.urls[3]: \"a.b\" stands in the list twice",
			"column 43: document.urls[4].path: is missing",
			"column 80: document.urls[5].scope: must be url or directory", "document.urls[6]: must be"}},
		{"a pattern without a name", cdns + "document: {urls: [{path: \"\"}, \"\"]}\n",
			[]string{"column 19: document.urls[0]: \"\" must be names", "column 31: document.urls[1]"}},
		{"no patterns", cdns + "document: {urls: []}\n",
			[]string{"document.urls: must have 1 to 32 elements: it has 0"}},
		{"origins", cdns + "document: {origins: [\"https://a.example/\", \"//b.example\"], " +
			"foreign: maybe}\n", []string{
			"document.origins[0]: must be http://", "document.origins[1]: must be http://",
			"document.foreign: must be refuse or keep"}},
		{"callers",
			cdns +
				"callers: [{name: a b, hash: 12, max_ttl: 0s}, {name: x, paths: [films, /a//b]}, {hash: " +
				strings.Repeat("ab", 32) + ", name: c}, {hash: " + strings.Repeat("ab", 32) + ", name: d}]\n",
			[]string{
				"callers[0].name: must be 1 to 64", "callers[0].hash: must be the hash of a key",
				"callers[0].max_ttl: must be a duration",
				"callers[1].hash: is missing", "callers[1].paths[0]: must be an absolute path",
				"callers[1].paths[1]: must be an absolute path",
				"callers[3].hash: is the hash of callers[2] already"}},
		{"allow", cdns + "allow: []\n", []string{"allow: must have 1 to 256 elements: it has 0"}},
		{"cdns not a list", "cdns: 5\n", []string{"line 1, column 7: cdns: must be a list"}},
		{"no cdns", "cdns: []\n",
			[]string{"line 1, column 7: cdns: must have 1 to 256 elements: it has 0"}},
		{"cdn without anything", "cdns:\n  - weight: 1\n",
			[]string{"cdns[0].name: is missing", "cdns[0].url: is missing", "cdns[0].keys: is missing"}},
		{"no key", "cdns:\n  - {name: a, url: https://a.example, keys: []}\n",
			[]string{"line 2, column 45: cdns[0].keys: must have 1 to 64 elements: it has 0"}},
		{"names, weights and ids", `cdns:
  - {name: a, url: "https://a.example", weight: -1, keys: [{id: 1, secret: SECRET}, {id: 1, secret: SECRET}]}
  - {name: a, url: "https://b.example", weight: 1001, keys: [{id: 1, secret: SECRET}]}
  - {name: "b/c", url: "https://c.example", weight: 1.5, keys: [{id: 65536, secret: SECRET}, {id: -1, secret: SECRET}, {secret: SECRET}]}
`, []string{
			"line 2, column 49: cdns[0].weight: must be a whole number from 0 to 1000",
			"line 2, column 127: cdns[0].keys[1].id: 1 is the id of cdns[0].keys[0] already",
			`line 3, column 12: cdns[1].name: "a" is the name of cdns[0] already`,
			"line 3, column 49: cdns[1].weight",
			"line 3, column 67: cdns[1].keys[0].id: 1 is the id of cdns[0].keys[0] already",
			`line 4, column 12: cdns[2].name: must be 1 to 64 letters`,
			"line 4, column 53: cdns[2].weight: must be", "cdns[2].keys[0].id: must be a whole number " +
				"from 0 to 65535", "cdns[2].keys[1].id: must be", "cdns[2].keys[2].id: is missing"}},
		{"secrets in the wrong place", "SECRET: 1\n" + cdns + "cors: {SECRET: 1}\n",
			[]string{"line 1, column 1: (not shown): unknown field", "cors.(not shown): unknown field"}},
		{"a secret as a file",
			"cdns: [{name: a, url: \"https://a.example\", keys: [{id: 1, secret_file: SECRET}, {id: 2, " +
				"SECRET: 1, secret: SECRET}]}]\n",
			[]string{"keys[0].secret_file: is a secret, not the name of a file",
				"keys[1].(not shown): unknown field"}},
		{"a secret in bad YAML", "cdns: |SECRET\n",
			[]string{`line 1, column 8: is not YAML: did not find expected comment or line break`}},
		{"too deep", strings.Repeat("[", 100_000),
			[]string{"line 1, column 17: is nested deeper than 16"}},
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
			"line 5, column 25: cdns[0].keys[0].secret: must be 32 bytes as 43 characters of base64url " +
				"without padding, as `videotoken keygen` prints them; this has 7 characters",
			"cdns[0].keys[1]: needs a secret_file or a secret",
			"cdns[0].keys[2].secret_file: cannot be read", "cdns[0].keys[2]: has both",
			"line 8, column 30: cdns[0].keys[3].secret_file: cannot be read",
			"line 9, column 30: cdns[0].keys[4].secret_file: cannot be read: it is not a regular file",
			"line 10, column 25: cdns[0].keys[5].secret: must be a string"}},
		{"every origin and one", cdns + `cors: {origins: ["https://a.example", "*"]}`,
			[]string{`cors.origins: "*" allows every origin`}},
		{"credentials for anybody",
			cdns + `cors: {credentials: true, origins: ["null", "https://a.example", "https://*.example"]}`,
			[]string{
				`column 37: cors.origins: "null" cannot be combined with credentials, which line 2 allows`,
				`column 66: cors.origins: "https://*.example" cannot be combined`}},
		{"credentials for everybody", cdns + `cors: {origins: ["*"], credentials: true}`,
			[]string{`cors.origins: "*" cannot be combined with credentials`}},
		{"cors",
			cdns + `cors: {credentials: yes, headers: ["X-A", "*", "X A", "X:A", "", 5], max_age: 25h, methods: []}`,
			[]string{
				"column 21: cors.credentials: must be true or false", "cors.headers[1]: must be the name of " +
					"one header", "cors.headers[2]", "cors.headers[3]", "cors.headers[4]",
				"cors.headers[5]: must be a string",
				"cors.max_age: must be a duration of whole seconds from 0s to 24h0m0s",
				"cors.methods: unknown field: expected one of credentials, headers, max_age, origins"}},
		{"limits", cdns + `limits: {body: 100, urls: 0, connections: many, memory: 64KB}`, []string{
			"column 16: limits.body: must be a size from 1KiB to 16MiB", "limits.urls: must be a whole " +
				"number from 1 to 65536", "limits.connections: must be a whole number from 1 to 10000000",
			"limits.memory: must be auto or a size from 1MiB to 1024GiB"}},
		{"sizes", cdns + `limits: {body: 17MiB, memory: 99999999999GiB}`,
			[]string{"limits.body: must be a size", "limits.memory: must be auto or a size"}},
		{"sizes that are none", cdns + `limits: {body: [64KiB], memory: -1GiB}`,
			[]string{"limits.body: must be a size", "limits.memory: must be auto or a size"}},
		{"renewal", cdns + "token: {renew: 1.5s, max_renew: -1s, renew_grace: 25h}\n", []string{
			"line 2, column 16: token.renew: must be a duration of whole seconds", "token.max_renew: must " +
				"be a duration", "token.renew_grace: must be a duration of whole seconds from 0s to 24h0m0s"}},
		{"renewal that no CDN can express",
			"token: {renew: 1h}\ncdns: [{name: a, url: \"https://a.example\", scheme: akamai, keys: " +
				"[{secret_hex: 00112233445566778899aabbccddeeff}]}]\n", []string{
				"token.renew: cannot be: no CDN that is picked has a scheme that can renew"}},
		{"access log", cdns + "access_log: {sample: -1, addresses: 1, path: a}\n", []string{
			"line 2, column 22: access_log.sample: must be a whole number from 0", "access_log.addresses: " +
				"must be true or false", "access_log.path: unknown field: expected one of addresses, sample"}},
		{"drain and client address", cdns + "drain: 2h\nclient_address: forwarded\n", []string{
			"line 2, column 8: drain: must be a duration of whole seconds from 0s to 1h0m0s",
			"line 3, column 17: client_address: must be x-real-ip or x-forwarded-for"}},
		{"only drained CDNs", strings.Replace(cdns, "keys:", "weight: 0, keys:", 1),
			[]string{"line 1, column 7: cdns: every weight is 0"}},
		{"flags of a CDN", strings.Replace(cdns, "keys:",
			"exact_requests: 1, enforce: no, scheme: hmac, placement: path, keys:", 1), []string{
			"cdns[0].exact_requests: must be true or false", "cdns[0].enforce: must be true or false",
			"column 84: cdns[0].scheme: must be videotoken, videotoken-sha256, cloudfront, akamai,",
			"cdns[0].placement: unknown field: expected one of enforce, exact_requests, keys, name, " +
				"scheme, url, weight"}},
		{"a secret of zeros", strings.Replace(cdns, "SECRET", zeros, 1),
			[]string{"column 67: cdns[0].keys[0].secret: is all zeros, which everybody can guess"}},
		{"listen on hosts that are none", cdns + "listen: \"a..b:80\"\nadmin: \"[::g]:80\"\n",
			[]string{"line 2, column 9: listen: must be HOST:PORT",
				"line 3, column 8: admin: must be HOST:PORT"}},
		{"many CDNs", "cdns: [" + strings.Repeat("{}, ", 257) + "]",
			[]string{"line 1, column 7: cdns: must have 1 to 256 elements: it has 257"}},
		{"proxies", cdns +
			`trusted_proxies: ["10.0.0.0/33", "host", "fe80::1%eth0", "::ffff:10.0.0.0/104"]`, []string{
			"column 19: trusted_proxies[0]: must be an address, a prefix", "trusted_proxies[1]",
			"trusted_proxies[2]", "trusted_proxies[3]"}},
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
				if !strings.HasPrefix(line, file+": ") ||
					i < len(c.want) && !strings.Contains(line, c.want[i]) {
					t.Errorf("line %d: got %q; want %q", i, line, c.want[min(i, len(c.want)-1)])
				}
			}
			if len(lines) != len(c.want) {
				t.Errorf("%d mistakes, want %d:\n%v", len(lines), len(c.want), err)
			}
		})
	}
}

// TestManyMistakes: a file of mistakes has a report that a person can read, and that costs no more
// than the file.
func TestManyMistakes(t *testing.T) {
	_, err := config.Parse("videotoken.yaml", []byte(strings.Repeat("a: 1\n", 50_000)))
	var m *config.Mistakes
	if !errors.As(err, &m) || len(m.List) != 101 || m.List[100].Message != "49901 more mistakes" {
		t.Errorf("got %.1000v", err)
	}
}

// TestNoFile: what cannot be read is said at once, also where nobody will ever write to a pipe.
func TestNoFile(t *testing.T) {
	if _, err := config.Load("/nowhere/videotoken.yaml"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	fifo := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	const notRegular = "it is not a regular file"
	if _, err := config.Load(fifo); err == nil || !strings.Contains(err.Error(), notRegular) {
		t.Errorf("a pipe: %v", err)
	}
	yaml := `cdns: [{name: a, url: "https://a.example", keys: [{id: 1, secret_file: "` + fifo + `"}]}]`
	if _, err := config.Parse("videotoken.yaml", []byte(yaml)); err == nil ||
		!strings.Contains(err.Error(), notRegular) {
		t.Errorf("a pipe as a secret file: %v", err)
	}
}
