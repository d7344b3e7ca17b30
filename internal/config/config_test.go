package config_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"videotoken/internal/config"
	"videotoken/token"
)

var (
	secret = token.FormatSecret(bytes.Repeat([]byte{7}, token.SecretSize))
	other  = token.FormatSecret(bytes.Repeat([]byte{8}, token.SecretSize))
	third  = token.FormatSecret(bytes.Repeat([]byte{9}, token.SecretSize))
	zeros  = token.FormatSecret(make([]byte, token.SecretSize))
)

// full uses every field.
const full = `
listen: ["127.0.0.1:3002", "unix:/run/videotoken.sock?mode=0666"]
admin: "0.0.0.0:9302"
admin_key: "0123456789abcdef0123456789abcdef0123456789abcdef0123456789ABCDEF"
admin_hosts: [Videotoken-1.internal, "[2001:db8::7]"]
revocations: {file: revoked}
transport: fasthttp
balance: affinity
limits: {body: 128KiB, urls: 512, connections: 1000, memory: 1GiB}
token: {ttl: 1h, max_ttl: 2h, round: 1m, leeway: 0s, renew: 3h, max_renew: 4h, renew_grace: 30s}
cdns:
  - name: aws-1
    url: https://d111.cloudfront.net
    weight: 2
    keys:
      - {id: 7, secret_file: aws-1-7}
      - {id: 6, secret: "SECRET", renew: false}
  - name: own
    url: http://127.0.0.1:8080/films/a
    weight: 0
    exact_requests: true
    enforce: false
    keys: [{id: 0, secret: OTHER}]
cors:
  origins: ["https://player.example", "http://localhost:8080"]
  headers: [Authorization, X-Request-Id]
  credentials: true
  max_age: 10m
trusted_proxies: ["10.0.0.0/8", "::1", unix]
client_address: x-forwarded-for
drain: 20s
access_log: {sample: 100, addresses: true}
document:
  urls: ["sources[].src", {path: previewThumbnails.src, scope: directory}]
  origins: ["https://old.example/films"]
  foreign: keep
`

func write(t *testing.T, name, content string, mode os.FileMode) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	content = strings.NewReplacer("SECRET", secret, "OTHER", other).Replace(content)
	if err := os.WriteFile(file, []byte(content), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(file, mode); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { validate(t, file) })
	return file
}

func TestLoad(t *testing.T) {
	file := write(t, "videotoken.yaml", full, 0o600)
	if err := os.WriteFile(filepath.Join(filepath.Dir(file), "aws-1-7"), []byte(third+"\n"),
		0o600); err != nil {
		t.Fatal(err)
	}
	c, err := config.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	cdns := c.CDNs.All()
	got := fmt.Sprint(c.Listen, " ", c.Admin.Address, " ", c.Transport, c.Limits, c.Token, c.CORS,
		c.Proxies, c.ClientAddress, c.Drain, c.AccessLog, len(cdns)) +
		fmt.Sprintf(" %v %v %v %v %v", cdns[0].Name, cdns[0].URL, cdns[0].Weight, cdns[0].Keys,
			cdns[0].Unrenewed) +
		fmt.Sprintf(" %v %v %v %v %v %v", cdns[1].URL, cdns[1].Base(), cdns[1].Weight,
			cdns[1].ExactRequests, cdns[1].ReportOnly, cdns[1].Keys)
	const want = "[127.0.0.1:3002 unix:/run/videotoken.sock?mode=0666] 0.0.0.0:9302 fasthttp{131072 " +
		"512 1000 1073741824} {1h0m0s 2h0m0s 1m0s 0s 3h0m0s 4h0m0s 30s} " +
		"{[https://player.example http://localhost:8080] [Authorization X-Request-Id] true 10m0s} " +
		"{[10.0.0.0/8 ::1/128] true}x-forwarded-for20s {100 true} 2" +
		" aws-1 https://d111.cloudfront.net 2 [key 7 key 6] [6] http://127.0.0.1:8080/films/a /films/a " +
		"0 true true [key 0]"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got, want := fmt.Sprint(c.Admin.Key, c.Admin.Hosts),
		"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef [videotoken-1.internal "+
			"[2001:db8::7]]"; got != want {
		t.Errorf("admin: %s, want %s", got, want)
	}
	if want :=
		(config.Revocations{File: filepath.Join(filepath.Dir(file), "revoked")}); c.Revocations != want {
		t.Errorf("revocations: %+v, want %+v", c.Revocations, want)
	}
	if got, want := fmt.Sprint(c.Document), "{sources[].src, previewThumbnails.src (directory) "+
		"[https://old.example/films] true}"; got != want {
		t.Errorf("document: %s, want %s", got, want)
	}
	if want := []string{"cdns[1]: enforce is false: /verify lets every request for own pass, and " +
		"only reports what it would refuse"}; !slices.Equal(c.Warnings, want) {
		t.Errorf("warnings %q", c.Warnings)
	}
}

func TestDefaults(t *testing.T) {
	c, err := config.Load(write(t, "videotoken.yaml",
		`cdns: [{name: a, url: "https://a.example", keys: [{id: 1, secret: SECRET}]}]`, 0o600))
	if err != nil {
		t.Fatal(err)
	}
	first := c.CDNs.All()[0]
	got := fmt.Sprint(c.Listen, " ", c.Admin.Address, " ", c.Transport, c.Limits, c.Token, c.CORS,
		c.Proxies, c.ClientAddress, c.Drain, first.Weight, first.ExactRequests, first.ReportOnly,
		c.Warnings)
	const want = "[:3002] 127.0.0.1:9302 auto{65536 256 100000 0} {6h0m0s 24h0m0s 5m0s 10s 0s " +
		"12h0m0s 5m0s} {[] [] false 24h0m0s} {[] false}x-real-ip5s 1 false false []"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// TestPresets: a player's name stands for its patterns, and a pattern of one's own counts before.
func TestPresets(t *testing.T) {
	c, err := config.Load(write(t, "videotoken.yaml",
		`cdns: [{name: a, url: "https://a.example", keys: [{id: 1, secret: SECRET}]}]
document: {urls: [plyr, {path: poster, scope: directory}, extra]}`, 0o600))
	if err != nil {
		t.Fatal(err)
	}
	const want = "poster (directory), extra, sources[].src, tracks[].src, previewThumbnails.src " +
		"(directory), previewThumbnails.src[] (directory)"
	if got := c.Document.Patterns.String(); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// TestTTL: a ttl above max_ttl is lowered to it, with a warning if it was written.
func TestTTL(t *testing.T) {
	for _, c := range []struct{ token, warning string }{
		{"{max_ttl: 1h}", ""},
		{"{ttl: 1h, max_ttl: 1h}", ""},
		{"{max_ttl: 1h, ttl: 2h}", "token.ttl: 2h0m0s is above max_ttl, 1h0m0s, and is lowered to it"},
	} {
		got, err := config.Load(write(t, "videotoken.yaml",
			`cdns: [{name: a, url: "https://a.example", keys: [{id: 1, secret: SECRET}]}]
token: `+c.token, 0o600))
		if err != nil {
			t.Fatal(err)
		}
		if got.Token.TTL != time.Hour || strings.Join(got.Warnings, "; ") != c.warning {
			t.Errorf("%s: %v, %q; want %q", c.token, got.Token.TTL, got.Warnings, c.warning)
		}
	}
}

// TestReadableByEverybody: a file with a secret in it, and a secret file, deserve a warning,
// another file does not.
func TestReadableByEverybody(t *testing.T) {
	const inline = `cdns: [{name: a, url: "https://a.example", keys: [{id: 1, secret: SECRET}]}]`
	const inFile = `cdns: [{name: a, url: "https://a.example", keys: [{id: 1, secret_file: key}]}]`
	for _, c := range []struct {
		yaml             string
		mode, secretMode os.FileMode
		warning          string
	}{
		{inline, 0o600, 0o600, ""},
		{inline, 0o640, 0o600, ""},
		{inline, 0o644, 0o600, "has a secret in it and is readable by everybody on this machine (mode " +
			"-rw-r--r--): use secret_file, or chmod 600"},
		{inFile, 0o644, 0o600, ""},
		{inFile, 0o644, 0o604, "cdns[0].keys[0].secret_file: "},
	} {
		file := write(t, "videotoken.yaml", c.yaml, c.mode)
		key := filepath.Join(filepath.Dir(file), "key")
		if err := os.WriteFile(key, []byte(secret+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(key, c.secretMode); err != nil {
			t.Fatal(err)
		}
		loaded, err := config.Load(file)
		if err != nil {
			t.Fatal(err)
		}
		if (len(loaded.Warnings) > 0) != (c.warning != "") || len(loaded.Warnings) > 1 ||
			!strings.Contains(fmt.Sprint(loaded.Warnings), c.warning) {
			t.Errorf("%s, modes %v and %v: %q", c.yaml, c.mode, c.secretMode, loaded.Warnings)
		}
	}
}

// TestSecretTwice: a warning, for in a rotation of keys it is nearly always a mistake.
func TestSecretTwice(t *testing.T) {
	c, err := config.Load(
		write(t,
			"videotoken.yaml", `cdns: [{name: a, url: "https://a.example", keys: [{id: 1, secret: SECRET}, {id: 2, secret: SECRET}]}]`,
			0o600))
	want := []string{"cdns[0].keys[1].secret: is the same secret as cdns[0].keys[0].secret: who has " +
		"one can sign for the other"}
	if err != nil || !slices.Equal(c.Warnings, want) {
		t.Errorf("%v, %q", err, c.Warnings)
	}
}

func TestDemo(t *testing.T) {
	c, err := config.Demo(bytes.NewReader(make([]byte, 96)))
	if err != nil || len(c.CDNs.All()) != 3 || fmt.Sprint(c.Listen) != "[:3002]" || c.Drain != 0 {
		t.Fatalf("%+v, %v", c, err)
	}
	if _, err := config.Demo(bytes.NewReader(make([]byte, 95))); err == nil {
		t.Error("a key of less than 32 random bytes")
	}
}

func FuzzParse(f *testing.F) {
	f.Add(
		[]byte(strings.NewReplacer("SECRET", secret, "OTHER", other, "secret_file: aws-1-7", "secret: "+
			third).Replace(full)))
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := config.Parse(filepath.Join(dir, "videotoken.yaml"), data)
		if (c == nil) == (err == nil) {
			t.Fatalf("%v, %v", c, err)
		}
		if err == nil {
			if err := check(t, data); err != nil {
				t.Fatalf("the reader accepts %q, the schema does not: %v", data, err)
			}
		}
		if err == nil && (len(c.CDNs.All()) == 0 || c.Token.TTL < time.Second ||
			c.Token.TTL > c.Token.MaxTTL || c.Token.Round < time.Second ||
			c.Limits.Body < 1 || c.Limits.URLs < 1 || c.Limits.Connections < 1 ||
			c.CORS.Credentials && strings.Contains(fmt.Sprint(c.CORS.Origins), "*")) {
			t.Fatalf("accepted %q as %+v", data, c)
		}
	})
}
