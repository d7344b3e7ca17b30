package config_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"videotoken/internal/config"
	"videotoken/internal/uri"
	"videotoken/token"
)

// schemes has an entry of each scheme, as docs/schemes.md shows it.
const schemes = `
cdns:
  - {name: s2, url: "https://d222.example", scheme: videotoken-sha256, keys: [{id: 20, secret: "SECRET"}]}
  - {name: ak, url: "https://media.example", scheme: akamai, parameter: hdnts, placement: path, keys: [{secret_hex: 00112233445566778899aabbccddeeff}]}
  - {name: gc, url: "https://gc.example", scheme: google-cloud-cdn, keys: [{id: my-key, secret: "nZtRohdNF9m3cKM24IcK4w=="}]}
  - {name: bn, url: "https://vz-1.b-cdn.example", scheme: bunny, keys: [{secret_file: bunny}]}
  - {name: ng, url: "https://files.example", scheme: secure-link, preset: nginx, weak: true, keys: [{secret: "enigma"}]}
  - {name: al, url: "https://vod.example", scheme: secure-link, preset: alibaba-a, weak: true, validity: 30m, keys: [{secret: "aliyun"}]}
  - {name: ba, url: "https://old.example", scheme: secure-link, preset: baseline, weak: true, unlimited: true, keys: [{secret: "1111"}]}
  - {name: ct, url: "https://cat.example", scheme: cat, issuer: me, keys: [{id: 1, secret_hex: 11112222333344445555666677778888}]}
`

// TestSchemes: each CDN's URLs are those of its scheme, with the options and keys of its entry.
func TestSchemes(t *testing.T) {
	file := write(t, "videotoken.yaml", schemes, 0o600)
	if err := os.WriteFile(filepath.Join(filepath.Dir(file), "bunny"), []byte("SecurityKey\n"),
		0o600); err != nil {
		t.Fatal(err)
	}
	c, err := config.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	var source uri.Source
	if _, err := source.Parse([]byte("/300kb.jpg"), nil); err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{
		"https://d222.example/300kb.jpg?token=",
		"https://media.example/hdnts=exp=1598024587~acl=/300kb.jpg~hmac=",
		"https://gc.example/300kb.jpg?Expires=1598024587&KeyName=my-key&Signature=",
		// The public vector "plain" of this scheme.
		"https://vz-1.b-cdn.example/300kb.jpg?token=HS256-o10JRWlsAItyAsdKS6jJKjabHN4FrFsplDHPV1idcX4&expires=1598024587",
		"https://files.example/300kb.jpg?md5=",
		"https://vod.example/300kb.jpg?auth_key=1598022787-",
		"https://old.example/300kb.jpg?token=",
		"https://cat.example/300kb.jpg?CTA-Common-Access-Token=",
	} {
		got, err := c.CDNs.All()[i].Signer.Append(nil, &source, &token.Claims{Expiry: 1598024587})
		if err != nil || !strings.HasPrefix(string(got), want) {
			t.Errorf("%s, %v; want %s", got, err, want)
		}
	}
	if want := "[cdns[6]: unlimited is true: URLs of this CDN " +
		"never end]"; fmt.Sprint(c.Warnings) != want {
		t.Errorf("warnings %v", c.Warnings)
	}
	for i, want := range []string{"token", "hdnts", "urlprefix", "bcdn_token", "md5", "auth_key",
		"token", "cat"} {
		if reserved := strings.Join(c.CDNs.All()[i].Reserved, " "); !strings.Contains(reserved, want) {
			t.Errorf("CDN %d reserves %s, want %s", i, reserved, want)
		}
	}
}

func TestSchemeMistakes(t *testing.T) {
	for _, c := range []struct{ entry, says string }{
		{`scheme: akamai, keys: [{secret_hex: abc}]`,
			"keys[0].secret_hex: must be hexadecimal digits, an even number of them"},
		{`scheme: akamai, keys: [{secret_hex: "0011"}]`, "cdns[0]: the secret is 2 bytes: 16 at least"},
		{`scheme: akamai, keys: [{secret: abc}]`,
			"keys[0].secret: unknown field: expected one of secret_file, secret_hex"},
		{`scheme: akamai, keys: [{id: 1, secret_hex: 00112233445566778899aabbccddeeff}]`,
			"keys[0].id: unknown field"},
		{`scheme: akamai, exact_requests: true, keys: [{secret_hex: 00112233445566778899aabbccddeeff}]`,
			"exact_requests: unknown field"},
		{`scheme: akamai, placement: cookie, keys: [{secret_hex: 00112233445566778899aabbccddeeff}]`,
			"placement: must be query or path"},
		{`scheme: akamai, keys: [{secret_hex: 00112233445566778899aabbccddeeff}, {secret_hex: 10112233445566778899aabbccddeeff}]`,
			"takes one key, not 2"},
		{`scheme: google-cloud-cdn, keys: [{secret: "nZtRohdNF9m3cKM24IcK4w=="}]`,
			"keys[0].id: is missing"},
		{`scheme: google-cloud-cdn, keys: [{id: k, secret: "nZtR"}]`,
			"must be 16 bytes as 24 characters of base64url with padding"},
		{`scheme: bunny, keys: [{}]`, "keys[0]: needs one of secret, secret_file"},
		{`scheme: bunny, keys: [{secret: a, secret_file: b}]`, "has more than one secret"},
		{`scheme: bunny, keys: [{secret_file: nowhere}]`, "cannot be read"},
		{`scheme: secure-link, preset: nginx, keys: [{secret: a}]`, "cdns[0].weak: is missing"},
		{`scheme: secure-link, preset: nginx, weak: false, keys: [{secret: a}]`,
			"cdns[0].weak: is missing"},
		{`scheme: secure-link, weak: true, preset: alibaba-b, validity: 30m, keys: [{secret: a1}]`,
			"the secret begins or ends in a digit beside a time"},
		{`scheme: secure-link, weak: true, expression: "$expires$uri", template: "?t=$token", keys: [{secret: a}]`,
			"has no $secret"},
	} {
		file := write(t, "videotoken.yaml", `cdns: [{name: a, url: "https://a.example", `+c.entry+`}]`,
			0o600)
		_, err := config.Load(file)
		var mistakes *config.Mistakes
		if !errors.As(err, &mistakes) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want ...%s...", c.entry, err, c.says)
			continue
		}
		for _, m := range mistakes.List {
			if !strings.HasSuffix(m.Field, "id") && m.Line != 1 {
				t.Errorf("%s: %v has no place", c.entry, m)
			}
		}
	}
}
