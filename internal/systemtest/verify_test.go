package systemtest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// secrets are those of the configuration of TestVerifyForeign.
var secrets = []string{"00112233445566778899aabbccddeeff", "nZtRohdNF9m3cKM24IcK4w==",
	"bunny-secret", "enigma", "aliyunkey"}

// foreign writes a configuration with a CDN of every foreign scheme, named as the scheme, and
// returns its file.
func foreign(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	cdns := "cdns:\n" +
		"- {name: akamai, url: \"https://ak.example.com/films\", scheme: akamai, keys: [{secret_hex: " +
		secrets[0] + "}]}\n" +
		"- {name: google-cloud-cdn, url: \"https://gc.example.com\", scheme: google-cloud-cdn, " +
		"placement: query, keys: [{id: my-key, secret: \"" + secrets[1] + "\"}]}\n" +
		"- {name: bunny, url: \"https://bn.example.com\", scheme: bunny, keys: [{secret: " + secrets[2] +
		"}]}\n" +
		"- {name: nginx, url: \"https://ng.example.com\", scheme: secure-link, preset: nginx, weak: " +
		"true, keys: [{secret: " + secrets[3] + "}]}\n" +
		"- {name: alibaba, url: \"https://al.example.com\", scheme: secure-link, preset: alibaba-a, " +
		"validity: 30m, weak: true, keys: [{secret: " + secrets[4] + "}]}\n" +
		"- {name: directories, url: \"https://ng.example.com/hls\", scheme: secure-link, weak: true, " +
		"expression: \"$expires:$dir:$ip $secret\", template: \"$base/$token/$expires$wire\", keys: " +
		"[{secret: " + secrets[3] + "}]}\n" +
		"- {name: cat, url: \"https://ct.example.com\", scheme: cat, keys: [{id: k1, secret_hex: " +
		secrets[0] + "}]}\n"
	for _, name := range []string{"cloudfront", "google-media-cdn"} {
		key := filepath.Join(dir, name+".pem")
		if _, errs, status := command(t, "keygen", "-scheme", name, "-out", key); status != 0 {
			t.Fatal(errs)
		}
		cdns += "- {name: " + name + ", url: \"https://" + name + ".example.com\", scheme: " + name +
			", placement: query, keys: [{id: my-key, private_key_file: \"" + key + "\"}]}\n"
	}
	file := filepath.Join(dir, "videotoken.yaml")
	if err := os.WriteFile(file, []byte(cdns), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// TestVerifyForeign: the command reads what the command for signing prints, of every scheme, and
// its exit status, standard output and standard error say what there is to say.
func TestVerifyForeign(t *testing.T) {
	file := foreign(t)
	for _, c := range []struct {
		name   string
		sign   []string
		path   string
		change []string // old and new, in the URL
		verify []string
		says   string // a part of the standard output
		reason string // the standard error
	}{
		{"akamai", nil, "/d/x.m3u8", []string{"x.m3u8", "seg/1.ts"}, nil, "path        " +
			"/films/d/seg/1.ts\nscheme      akamai\ndepth       1\ndirectory   /films/d/\nexpires     ", ""},
		{"akamai", []string{"-ip", "203.0.113.7", "-session", "00112233aabbccdd", "-not-before", "1"},
			"/x.mp4", nil, []string{"-ip", "203.0.113.7"},
			"ip          203.0.113.7/32\nsession     00112233aabbccdd\n", ""},
		{"akamai", []string{"-ip", "203.0.113.7"}, "/x.mp4", nil, []string{"-ip", "203.0.113.8"},
			"ip          203.0.113.7/32\n", "token: ip"},
		{"google-cloud-cdn", nil, "/x.mp4?a=1", nil, nil, "key         my-key\ndepth       0\n", ""},
		{"google-cloud-cdn", nil, "/d/x.m3u8", []string{"x.m3u8", "1.ts"}, nil,
			"path        /d/1.ts\nscheme      google-cloud-cdn\nkey         my-key\ndepth       1\n", ""},
		{"google-cloud-cdn", nil, "/x.mp4", []string{"my-key", "a-key"}, nil, "key         a-key\n",
			"token: unknown-key"},
		{"bunny", nil, "/x.mp4", []string{"x.mp4", "y.mp4"}, nil, "path        /y.mp4\n",
			"token: signature"},
		{"bunny", nil, "/d/x.m3u8", []string{"x.m3u8", "1.ts"}, nil, "directory   /d/\n", ""},
		{"bunny", nil, "/d/x.m3u8", []string{"/d/x.m3u8", "/e/x.m3u8"}, nil, "path        /e/x.m3u8\n",
			"token: path"},
		{"bunny", []string{"-ip", "203.0.113.7"}, "/x.mp4", nil, nil,
			"ip          one that the URL does not state\n", "token: ip"},
		{"bunny", []string{"-ip", "203.0.113.7"}, "/x.mp4", nil, []string{"-ip", "203.0.113.7"},
			"ip          203.0.113.7/32\n", ""},
		{"nginx", nil, "/x.mp4", nil, []string{"-at", "5000000000"}, "scheme      secure-link\n",
			"token: expired"},
		{"nginx", []string{"-ip", "203.0.113.7"}, "/x.mp4", nil, nil, "path        /x.mp4\n",
			"token: signature, or it is for an address: say which with -ip"},
		{"alibaba", nil, "/x.mp4", nil, []string{"-cdn", "alibaba"},
			"validity    1800 s, which the CDN adds to the time of issue\nexpires     ", ""},
		{"alibaba", nil, "/x.mp4", nil, []string{"-cdn", "nginx"}, "",
			"is not on the CDN nginx, and not a path"},
		{"directories", nil, "/d/e/x.m3u8", []string{"e/x.m3u8", "e/1.ts"}, nil,
			"depth       2\ndirectory   /hls/d/e/\n", ""},
		{"cat", []string{"-session", "00112233aabbccdd"}, "/x.mp4", nil, nil,
			"session     00112233aabbccdd\n", ""},
		{"cat", nil, "/x.mp4", []string{"Token=2D3", "Token=2D4"}, nil, "path        /x.mp4\n",
			"token: malformed"},
		{"cloudfront", nil, "/d/x.m3u8", []string{"x.m3u8", "1.ts"}, nil, "path        /d/1.ts\n" +
			"scheme      cloudfront\nkey         my-key\ndepth       1\ndirectory   /d/\n", ""},
		{"cloudfront", nil, "/x.mp4", []string{"Expires=", "Expires=1"}, nil, "path        /x.mp4\n",
			"token: malformed"},
		{"cloudfront", []string{"-not-before", "1790000000"}, "/x.mp4", nil, []string{"-at",
			"1789999999"}, "not before  1790000000 (2026-09-21T14:13:20Z)\n", "token: not-yet"},
		{"google-media-cdn", nil, "/d/x.m3u8", []string{"x.m3u8", "1.ts"}, nil, "path        /d/1.ts\n" +
			"scheme      google-media-cdn\nkey         my-key\ndepth       1\ndirectory   /d/\n", ""},
		{"google-media-cdn", nil, "/x.mp4", []string{"x.mp4", ""}, nil, "path        /\n",
			"token: signature"},
		{"google-media-cdn", nil, "/x.mp4", []string{"Expires", "expires"}, nil, "path        /x.mp4",
			"token: malformed"},
	} {
		url, errs, status := command(t,
			append(append([]string{"sign", "-config", file, "-cdn", c.name}, c.sign...), c.path)...)
		if status != 0 {
			t.Errorf("%s: %s", c.name, errs)
			continue
		}
		if url = strings.TrimSpace(url); c.change != nil {
			at := strings.LastIndex(url, c.change[0])
			if at < 0 {
				t.Fatalf("%s has no %s", url, c.change[0])
			}
			url = url[:at] + c.change[1] + url[at+len(c.change[0]):]
		}
		out, errs, status := command(t,
			append(append([]string{"verify", "-config", file}, c.verify...), url)...)
		failed := c.reason != ""
		if (status == 1) != failed || !strings.Contains(out, c.says) || (out == "") != (c.says == "") ||
			(errs != "") != failed || !strings.Contains(errs, c.reason) {
			t.Errorf("verify %v %s: %d, %s\n%swant %s\n%s", c.verify, url, status, errs, out, c.reason,
				c.says)
		}
		if out != "" && !strings.HasPrefix(out, "cdn         "+c.name+"\n") {
			t.Errorf("%s: %s", c.name, out)
		}
		for _, secret := range secrets {
			if strings.Contains(out+errs, secret) {
				t.Errorf("%s: prints a secret: %s%s", c.name, out, errs)
			}
		}
	}
}
