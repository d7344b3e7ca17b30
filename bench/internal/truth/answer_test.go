package truth

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"videotoken/token"
)

// signed is the answer the service would give, made here from the token package alone.
func signed(t *testing.T, c *Config, body string, cdn int, expiry time.Time) string {
	t.Helper()
	video := strings.TrimSuffix(strings.TrimPrefix(body, `{"video":`), "}")
	var out strings.Builder
	for {
		before, rest, ok := strings.Cut(video, `"src":"`)
		out.WriteString(before)
		if !ok {
			return out.String()
		}
		src, after, _ := strings.Cut(rest, `"`)
		path, err := token.Canonical(nil, []byte(src))
		if err != nil {
			t.Fatal(err)
		}
		text, err := c.CDNs[cdn].Keys[0].Append(nil, &token.Claims{Expiry: uint32(expiry.Unix())}, path,
			nil)
		if err != nil {
			t.Fatal(err)
		}
		out.WriteString(`"src":"` + c.CDNs[cdn].URL + src + "?token=" + string(text) + `"`)
		video = after
	}
}

func load(t *testing.T) (*Config, string) {
	t.Helper()
	c, err := ReadConfig("../../testdata/service.yaml")
	if err != nil {
		t.Fatal(err)
	}
	body, err := os.ReadFile("../../testdata/baseline.json")
	if err != nil {
		t.Fatal(err)
	}
	return c, string(body)
}

func TestCheck(t *testing.T) {
	c, body := load(t)
	a, err := NewAnswer(c, []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	now := time.Unix(1_800_000_000, 0)
	good := signed(t, c, body, 1, now.Add(6*time.Hour))
	for cdn := range c.CDNs {
		answer := signed(t, c, body, cdn, now.Add(6*time.Hour))
		if err := a.Check([]byte(answer), now); err != nil || len(answer) != a.Length {
			t.Errorf("CDN %d: %v, %d bytes of %d", cdn, err, len(answer), a.Length)
		}
	}
	first := signed(t, c, body, 0, now.Add(6*time.Hour))
	for name, wrong := range map[string]string{
		"empty":          "",
		"cut":            good[:len(good)-1],
		"more":           good + " ",
		"another title":  strings.Replace(good, "Bunny", "Sunny", 1),
		"another number": strings.Replace(good, "1080,", "1081,", 1),
		"tag": strings.Replace(good, good[strings.Index(good, "token=")+12:][:26],
			strings.Repeat("A", 26), 1),
		"no token":          strings.Replace(good, "token=", "tokem=", 1),
		"another path":      strings.Replace(good, "Bunny_1080p", "Bunny_9999p", 1),
		"no CDN":            strings.Replace(good, "d222", "d999", 1),
		"another CDN's key": strings.Replace(first, "d111", "d222", 2),
		"two CDNs":          first[:len(first)/2] + good[len(good)/2:],
		"expired":           signed(t, c, body, 1, now.Add(-time.Minute)),
		"for a week":        signed(t, c, body, 1, now.Add(7*24*time.Hour)),
	} {
		if err := a.Check([]byte(wrong), now); !errors.Is(err, ErrWrong) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

func TestNewAnswer(t *testing.T) {
	c, _ := load(t)
	for _, body := range []string{``, `{}`, `{"video":{}}`, `{"video":{"sources":[]}}`,
		`{"video":{"sources":[{"src":"a"}]}}`,
		`{"video":{"sources":[{"src":"/a?b"}]}}`, `{"video":{"sources":[{"src": "/a"}]}}`,
		`{"video":{"sources":[{"src":"\/a"}]}}`} {
		if _, err := NewAnswer(c, []byte(body)); !errors.Is(err, ErrBody) {
			t.Errorf("%s: error %v", body, err)
		}
	}
}

func TestMask(t *testing.T) {
	got :=
		string(
			Mask([]byte("Date: Mon\r\nCache-Control: max-age=12\r\n\r\nhttps://d222.cdn.example/a?token=" +
				strings.Repeat("a", 32) + `"`)))
	if want := "Date: <DATE>\r\nCache-Control: max-age=<SECONDS>\r\n\r\n" +
		"https://<CDN>/a?token=<TOKEN>\""; got != want {
		t.Errorf("%q\nwant\n%q", got, want)
	}
}
