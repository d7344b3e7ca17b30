package systemtest

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"videotoken/internal/caller"
	"videotoken/internal/scheme"
	"videotoken/token"
)

func TestKeygen(t *testing.T) {
	entry := regexp.MustCompile(`^- \{id: (\d+), secret: "([A-Za-z0-9_-]{43})"\}\n$`)
	seen := map[string]bool{}
	for _, c := range []struct {
		args []string
		id   string
	}{{nil, "1"}, {[]string{"-id", "7"}, "7"}, {[]string{"-id", "65535"}, "65535"}} {
		out, errs, status := command(t, append([]string{"keygen"}, c.args...)...)
		m := entry.FindStringSubmatch(out)
		if m == nil || m[1] != c.id || status != 0 || errs != "" || seen[m[2]] {
			t.Fatalf("%v: %d, %q, %q", c.args, status, out, errs)
		}
		if _, err := token.ParseSecret(m[2]); err != nil {
			t.Error(err)
		}
		seen[m[2]] = true
	}
	if out, _, status := command(t, "keygen", "-secret-only"); status != 0 || len(out) != 44 {
		t.Errorf("secret-only: %d, %q", status, out)
	} else if _, err := token.ParseSecret(strings.TrimSpace(out)); err != nil {
		t.Error(err)
	}
	for _, args := range [][]string{{"-id", "65536"}, {"-id", "-1"}, {"x"}} {
		if out, errs, status := command(t, append([]string{"keygen"}, args...)...); status == 0 ||
			out != "" || errs == "" {
			t.Errorf("%v: %d, %q, %q", args, status, out, errs)
		}
	}
}

// TestKeygenScheme: what is printed for a scheme is an entry that the configuration takes, and
// signs.
func TestKeygenScheme(t *testing.T) {
	for _, s := range scheme.All {
		if s.NewSecret == nil {
			continue
		}
		name := s.Name
		entry, errs, status := command(t, "keygen", "-scheme", name)
		if status != 0 || errs != "" {
			t.Errorf("%s: %d, %q", name, status, errs)
			continue
		}
		file := filepath.Join(t.TempDir(), "videotoken.yaml")
		if err := os.WriteFile(file, []byte("cdns:\n"+entry), 0o600); err != nil {
			t.Fatal(err)
		}
		url, errs, status := command(t, "sign", "-config", file, "-expires",
			strconv.FormatInt(time.Now().Unix()+1000, 10), "/film.mp4")
		if status != 0 || !strings.HasPrefix(url, "https://cdn.example.com/") {
			t.Errorf("%s: %s%d, %q, %q", name, entry, status, url, errs)
		}
	}
	dir := t.TempDir()
	for _, s := range scheme.All {
		if s.NewPrivate == nil {
			continue
		}
		name := s.Name
		key := filepath.Join(dir, name+".pem")
		entry, errs, status := command(t, "keygen", "-scheme", name, "-id", "K2JCJMDEHXQW5F", "-out", key)
		if status != 0 || errs != "" || strings.Contains(entry, "PRIVATE KEY-----") ||
			!strings.Contains(entry, "# The public key:\n# ") {
			t.Errorf("%s: %d, %q, %s", name, status, errs, entry)
			continue
		}
		if info, err := os.Stat(key); err != nil || info.Mode() != 0o600 {
			t.Errorf("%s: %v, %v", key, info, err)
		}
		file := filepath.Join(dir, "videotoken.yaml")
		if err := os.WriteFile(file, []byte("cdns:\n"+entry), 0o600); err != nil {
			t.Fatal(err)
		}
		url, errs, status := command(t, "sign", "-config", file, "/film.mp4")
		if status != 0 || !strings.HasPrefix(url, "https://cdn.example.com/film.mp4?Expires=") {
			t.Errorf("%s: %s%d, %q, %q", name, entry, status, url, errs)
		}
		if _, errs, status := command(t, "keygen", "-scheme", name, "-out", key); status != 1 ||
			!strings.Contains(errs, "file exists") {
			t.Errorf("%s: overwrites a key: %d, %s", name, status, errs)
		}
	}
	for name, says := range map[string]string{"bunny": "Bunny makes the key",
		"rot13": "must be one of videotoken, "} {
		if _, errs, status := command(t, "keygen", "-scheme", name); status != 1 ||
			!strings.Contains(errs, says) {
			t.Errorf("%s: %d, %q", name, status, errs)
		}
	}
}

// TestAdminKey: -admin prints a key, and the line with its hash. An API key is printed alone.
func TestAdminKey(t *testing.T) {
	seen := ""
	for range 2 {
		out, errs, status := command(t, "keygen", "-admin")
		key, line, _ := strings.Cut(out, "\n")
		if want := fmt.Sprintf("admin_key: %q\n", caller.HashOf([]byte(key)).String()); line != want ||
			errs != "" || status != 0 || len(key) != 59 || key == seen {
			t.Errorf("%d, %q, %q, want %q", status, out, errs, want)
		}
		seen = key
	}
	for _, args := range []string{"-caller=", "-caller a/b", "-caller a -admin", "-caller a -id 7",
		"-admin -secret-only"} {
		if out, errs, status := command(t,
			append([]string{"keygen"}, strings.Fields(args)...)...); status != 1 || out != "" || errs == "" {
			t.Errorf("%v: %d, %q, %q", args, status, out, errs)
		}
	}
}

// TestCallerKey: with the printed entry in the configuration, the printed key may ask, and nobody
// else.
func TestCallerKey(t *testing.T) {
	out, errs, status := command(t, "keygen", "-caller", "catalogue")
	key, entry, _ := strings.Cut(out, "\n")
	if status != 0 || errs != "" || !strings.HasPrefix(key, "videotoken_") ||
		strings.Contains(entry, key) {
		t.Fatalf("%d, %q, %q", status, out, errs)
	}
	cdn, _, _ := command(t, "keygen", "-scheme", "videotoken")
	file := filepath.Join(t.TempDir(), "videotoken.yaml")
	if err := os.WriteFile(file, []byte("callers:\n"+entry+"cdns:\n"+cdn), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, errs, status := command(t, "-config", file, "-check"); status != 0 ||
		strings.Contains(errs, "no callers") {
		t.Errorf("%d, %q", status, errs)
	}
	if _, errs, status := command(t, "-config", configure(t), "-check"); status != 0 ||
		!strings.Contains(errs, noCallers) {
		t.Errorf("%d, %q", status, errs)
	}
	if _, errs, status := command(t, "keygen", "-caller", "a b"); status != 1 ||
		!strings.Contains(errs, "must be 1 to 64") {
		t.Errorf("%d, %q", status, errs)
	}
}

func TestSignAndVerify(t *testing.T) {
	file := configure(t)
	for _, c := range []struct {
		sign, verify []string
		path         string
		says         string // a part of what verify prints, or of its reason
		status       int
	}{
		{nil, nil, "/film.mp4", "path        /film.mp4\nkey         7\ndepth       0\nexpires ", 0},
		{nil, nil, "/film%20é.mp4?quality=hd", "path        /film%20%C3%A9.mp4?quality=hd\n", 0},
		{nil, nil, "/film%20é.mp4?quality=hd#t=10", "token: malformed", 1},
		{nil, nil, "/hls/a/master.m3u8#t=10", "token: path", 1},
		{[]string{"-cdn", "aws-8"}, nil, "/hls/a/master.m3u8",
			"path        /hls/a/master.m3u8\nkey         8\ndepth       2\n", 0},
		{[]string{"-type", "application/dash+xml"}, nil, "/d/manifest", "depth       1\n", 0},
		{[]string{"-ip", "203.0.113.7", "-session", "00112233aabbccdd"}, []string{"-ip", "203.0.113.7"},
			"/a", "ip          203.0.113.7/32\nsession     00112233aabbccdd\n", 0},
		{[]string{"-ttl", "1h"}, []string{"-at", "4000000000"}, "/a", "expired", 1},
		{[]string{"-ip", "203.0.113.7"}, nil, "/a", "token: ip", 1},
		{[]string{"-ip", "203.0.113.7"}, []string{"-ip", "203.0.113.8"}, "/a", "signature", 1},
		{nil, []string{"-cdn", "aws-8"}, "/a", "unknown-key", 1},
		{nil, []string{"-cdn", "nobody"}, "/a", "no such CDN", 1},
		{nil, []string{"-ip", "nowhere"}, "/a", "-ip: ", 1},
	} {
		url, errs, status := command(t,
			append(append([]string{"sign", "-config", file}, c.sign...), c.path)...)
		if status != 0 || errs != "" || !strings.HasSuffix(url, "\n") {
			t.Errorf("sign %v %s: %d, %q, %q", c.sign, c.path, status, url, errs)
			continue
		}
		out, errs, status := command(t,
			append(append([]string{"verify", "-config", file}, c.verify...), strings.TrimSpace(url))...)
		if status != c.status || !strings.Contains(out+errs, c.says) || (status == 0) != (errs == "") ||
			(status == 0) == (out == "") {
			t.Errorf("verify %v %s: %d, %q, %q; want %d, %q", c.verify, url, status, out, errs, c.status,
				c.says)
		}
	}
	for _, c := range []struct {
		args []string
		says string
	}{
		{[]string{"sign", "-config", file, "film.mp4"}, "src must be an absolute path"},
		{[]string{"sign", "-config", file, "/a/../b"}, "canonical form"},
		{[]string{"sign", "-config", file, "-ttl", "48h", "/a"},
			"ttl must be a whole number of seconds from 1 to 86400"},
		{[]string{"sign", "-config", file, "-ttl", "500ms", "/a"},
			"-ttl 500ms: must be in whole seconds"},
		{[]string{"sign", "-config", file, "-ttl", "-5s", "/a"}, "ttl must be a whole number"},
		{[]string{"sign", "-config", file, "-cdn", "nobody", "/a"}, "no such CDN"},
		{[]string{"sign", "-config", file, "-expires", "1", "/a"}, "ttl must be a whole number"},
		{[]string{"sign", "-config", file, "-expires", "1", "-ttl", "1s", "/a"}, "use one of them"},
		{[]string{"sign", "-config", file, "-not-before", "4000000000", "/a"}, "notBefore is not before"},
		{[]string{"sign", "-config", file, "-scope", "/b/", "/a/b.m3u8"}, "scope does not contain"},
		{[]string{"sign", "-config", file, "-renew", "1h", "/a"}, "renew needs a \"session\""},
		{[]string{"sign", "-config", file, "/\xff.mp4"}, "is not UTF-8"},
		{[]string{"sign", "/a"}, "no configuration: name one with -config"},
		{[]string{"verify", "-config", file, "/a"}, "token: missing"},
		{[]string{"verify", "-config", file, "https://other.example/a?token=x"}, "is not on any of"},
		{[]string{"verify", "-config", "/nowhere", "/a"}, "no such file"},
	} {
		if out, errs, status := command(t, c.args...); status != 1 || out != "" ||
			!strings.Contains(errs, c.says) {
			t.Errorf("%v: %d, %q, %q; want %q", c.args, status, out, errs, c.says)
		}
	}
}

func TestVersionAndHelp(t *testing.T) {
	for _, args := range [][]string{{"version"}, {"--version"}, {"serve", "-version"}} {
		if out, errs, status := command(t, args...); status != 0 || errs != "" ||
			!strings.HasPrefix(out, "videotoken ") {
			t.Errorf("%v: %d, %q, %q", args, status, out, errs)
		}
	}
	var build struct{ Version, Go, OS, Arch string }
	if out, errs, status := command(t, "version", "-json"); status != 0 ||
		json.Unmarshal([]byte(out), &build) != nil ||
		build.Version == "" || build.Go != runtime.Version() || build.OS != runtime.GOOS ||
		build.Arch != runtime.GOARCH {
		t.Errorf("version -json: %d, %q, %q", status, out, errs)
	}
	// The version of a checkout is its commit, also where GOFLAGS switches that off. The image's test
	// has such a version.
	if out, err := shell(t, root, "make --dry-run build"); err != nil ||
		!strings.Contains(out, " build -buildvcs=auto ") {
		t.Errorf("make build stamps no version: %v, %s", err, out)
	}
	for _, c := range []struct {
		args   []string
		says   string
		status int
	}{
		{[]string{"-h"}, "videotoken verify -config FILE URI", 0},
		{[]string{"--help"}, "-listen HOST:PORT", 0},
		{[]string{"keygen", "-h"}, "Usage: videotoken keygen [-id ID", 0},
		{[]string{"version", "-h"}, "Usage: videotoken version", 0},
		{[]string{"version", "x"}, "1 arguments where 0 are expected", 2},
		{[]string{"sign", "-h"}, "-ttl duration", 0},
		{[]string{"verify", "-h"}, "The exit status", 0},
		{[]string{"-nonsense"}, "flag provided but not defined: -nonsense", 2},
		{[]string{"serve", "-h"}, "-listen HOST:PORT", 0},
		{[]string{"help"}, "-listen HOST:PORT", 0},
		{[]string{"help", "sign"}, "-ttl duration", 0},
		{[]string{"help", "srve"}, `unknown command "srve": did you mean "serve"?`, 2},
		{[]string{"srve", "-demo"}, "unknown command \"srve\": did you mean \"serve\"?\n", 2},
		{[]string{"keygn"}, `unknown command "keygn": did you mean "keygen"?`, 2},
		{[]string{"nonsense"}, "unknown command \"nonsense\"\n", 2},
		{[]string{"serve", "nonsense"}, "1 arguments where 0 are expected", 2},
		{[]string{"sign"}, "0 arguments where 1 are expected", 2},
		{[]string{"-demo", "-listen", "nowhere"}, `-listen "nowhere": must be HOST:PORT`, 1},
		{[]string{"-demo", "-transport", "kqueue"}, "-transport", 1},
		{[]string{"-demo", "-balance", "random"}, "-balance", 1},
	} {
		if _, errs, status := command(t, c.args...); status != c.status ||
			!strings.Contains(errs, c.says) {
			t.Errorf("%v: %d, %q; want %d, %q", c.args, status, errs, c.status, c.says)
		}
	}
}
