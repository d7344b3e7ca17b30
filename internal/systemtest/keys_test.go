package systemtest

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"videotoken/token"
)

// put writes a file at once, as a program that takes care does.
func put(tb testing.TB, name, content string) {
	tb.Helper()
	if err := errors.Join(os.WriteFile(name+".new", []byte(content), 0o600),
		os.Rename(name+".new", name)); err != nil {
		tb.Fatal(err)
	}
}

// secret is the text of a secret of a number.
func secret(n int) string {
	raw := make([]byte, token.SecretSize)
	raw[0], raw[1], raw[2] = 1, byte(n>>8), byte(n)
	return token.FormatSecret(raw)
}

// withKeys is a configuration of a CDN with keys, each of which has the secret of its id.
func withKeys(more string, ids ...int) string {
	var keys []string
	for _, id := range ids {
		keys = append(keys, fmt.Sprintf("{id: %d, secret: %q}", id, secret(id)))
	}
	return fmt.Sprintf("%s\ndrain: 0s\ncdns: [{name: a, url: \"https://a.example\", keys: [%s]}]\n",
		more, strings.Join(keys, ", "))
}

var tokenOf = regexp.MustCompile(`\?token=([A-Za-z0-9_-]+)"`)

// signedBy returns the target of the first URL that the service signs, and the id of its key.
func signedBy(tb testing.TB, addr string) (target string, id int) {
	tb.Helper()
	target = targetOf(tb, postSeed(tb, addr))
	return target, keyOf(tb, target)
}

// targetOf returns the target of the first URL of an answer.
func targetOf(tb testing.TB, answer string) string {
	tb.Helper()
	m := tokenOf.FindStringSubmatch(answer)
	if m == nil {
		tb.Fatal(answer)
	}
	return "/Big_Buck_Bunny_1080p_surround_FrostWire.com.mp4?token=" + m[1]
}

// keyOf verifies a target with the keys of all secrets, and returns the id of its key.
func keyOf(tb testing.TB, target string) int {
	tb.Helper()
	v, err := allKeys().Verify(token.Request{URI: []byte(target), Now: time.Now().Unix()})
	if err != nil {
		tb.Fatalf("%s: %v", target, err)
	}
	return int(v.Key)
}

const maxKey = 1100

var allKeys = sync.OnceValue(func() (keys token.Keys) {
	for id := range maxKey {
		raw, err := token.ParseSecret(secret(id))
		if err != nil {
			panic(err)
		}
		k, err := token.NewKey(uint16(id), raw)
		if err != nil {
			panic(err)
		}
		keys = append(keys, k)
	}
	return keys
})

// admin sends a POST to the admin endpoints.
func admin(tb testing.TB, p *process, path, body string) (status int, answer string) {
	tb.Helper()
	res, err := http.Post("http://"+p.admin+path, "application/json", strings.NewReader(body))
	if err != nil {
		tb.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		tb.Fatal(err)
	}
	return res.StatusCode, string(b)
}

// awaitKey waits until the service signs with a key, and returns how long that took.
func awaitKey(tb testing.TB, p *process, id int) time.Duration {
	tb.Helper()
	began := time.Now()
	for {
		if _, got := signedBy(tb, p.addr); got == id {
			return time.Since(began)
		}
		if time.Since(began) > 30*time.Second {
			tb.Fatalf("it never signs with key %d: %q", id, p.messages())
		}
	}
}
