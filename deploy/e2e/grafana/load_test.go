package grafana

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"videotoken/deploy/e2e/stack"
	"videotoken/deploy/e2e/stacktest"
)

const session = "00112233aabbccdd" // revoked at the start

// service starts a service of which every panel has something to show: a CDN whose signatures are
// expensive, one that only reports, a caller, and revocations.
func service(t *testing.T) (s *stack.Stack, apiKey string) {
	t.Helper()
	pem := filepath.Join(t.TempDir(), "cloudfront.pem")
	if out, err := exec.Command(binary, "keygen", "-scheme", "cloudfront", "-out",
		pem).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	secret, err := exec.Command(binary, "keygen", "-secret-only").Output()
	if err != nil {
		t.Fatal(err)
	}
	caller, err := exec.Command(binary, "keygen", "-caller", "catalogue").Output()
	if err != nil {
		t.Fatal(err)
	}
	apiKey, entry, _ := strings.Cut(strings.TrimSpace(string(caller)), "\n")
	return stacktest.Up(t, stack.Options{
		Root: root, Binary: binary, Origin: http.NotFoundHandler(), Other: true,
		Lines: "callers:\n  " + strings.Replace(entry, "}", `, paths: ["/films/"]}`, 1) + "\n",
		CDNs: []string{
			fmt.Sprintf(`{name: cf, url: "https://cf.example", scheme: cloudfront, keys: [{id: K1, private_key_file: %q}]}`,
				pem),
			fmt.Sprintf(`{name: reports, url: "https://reports.example", enforce: false, weight: 0, keys: [{id: 900, secret: %s}]}`,
				strings.TrimSpace(string(secret))),
		},
	}), apiKey
}

// client asks a service.
type client struct {
	*stack.Stack
	apiKey string
	round  int
}

// post posts JSON and returns the status and body of the answer.
func (c *client) post(url, key, body string) (int, string, error) {
	return c.do("POST", url, body, c.with(key))
}

func (c *client) do(method, url, body string, h http.Header) (int, string, error) {
	r, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	r.Header = h
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, "", err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	return res.StatusCode, string(b), err
}

// raw sends bytes that net/http would not send, and reads until the service closes the connection.
func (c *client) raw(request string) error {
	conn, err := net.Dial("tcp", c.Service)
	if err != nil {
		return err
	}
	defer conn.Close()
	_, errWrite := io.WriteString(conn, request)
	_, errRead := io.Copy(io.Discard, conn)
	return errors.Join(errWrite, errRead)
}

// ask sends one request of each kind. An answer with another status than expected is an error.
func (c *client) ask() error {
	c.round++
	video := "http://" + c.Service + "/video/"
	sign := func(cdn, more, path string) string {
		return fmt.Sprintf(
			`{"video":{"sources":[{"src":%q},{"src":"/films/hls/master.m3u8"}]},"token":{"cdn":%q%s}}`, path,
			cdn, more)
	}
	film := func(path string) string {
		return fmt.Sprintf(`{"video":{"sources":[{"src":%q}]},"token":{"cdn":"cf"}}`, path)
	}
	status, body, err := c.post(video+"token", c.apiKey,
		sign("elsewhere", `,"session":"aabbccdd00112233","renew":7200`, "/films/a.mp4"))
	if err != nil || status != http.StatusOK {
		return fmt.Errorf("sign: %d %s, %w", status, body, err)
	}
	signed := regexp.MustCompile(`"(http://[^"]+/films/a\.mp4[^"]*)"`).FindStringSubmatch(body)
	if signed == nil {
		return fmt.Errorf("no URL in %s", body)
	}
	_, uri, _ := strings.Cut(signed[1], c.Other().Addr)
	renew, err := json.Marshal(map[string]string{"url": signed[1]})
	if err != nil {
		return err
	}
	admin := http.Header{"Content-Type": {"application/json"}}
	original := func(uri string) http.Header { return http.Header{"X-Original-Uri": {uri}} }
	verify := "http://" + c.Service + "/verify/auth-request/"
	var errs []error
	for _, q := range []struct {
		method, url, body string
		h                 http.Header
		status            int
	}{
		{"POST", video + "token", film("/films/kept.mp4"), c.with(c.apiKey), 200},
		{"POST", video + "token", film(fmt.Sprintf("/films/%d.mp4", c.round)), c.with(c.apiKey), 200},
		{"POST", video + "token", film("/films/kept.mp4"), c.with("nobody"), 401},
		{"POST", video + "token", film("/other/a.mp4"), c.with(c.apiKey), 403},
		{"POST", video + "renew", string(renew), admin, 200},
		{"POST", video + "renew", strings.Replace(string(renew), "a.mp4", "b.mp4", 1), admin, 403},
		{"GET", verify + "elsewhere", "", original(uri), 200},
		{"GET", verify + "elsewhere", "", original(strings.Replace(uri, "a.mp4", "b.mp4", 1)), 403},
		{"GET", verify + "reports", "", original("/films/a.mp4"), 200},
		{"GET", "http://" + c.Service + "/healthz", "", nil, 200},
		{"GET", "http://" + c.Service + "/readyz", "", nil, 200},
		{"GET", "http://" + c.Service + "/nothing", "", nil, 404},
		{"POST", "http://" + c.Admin + "/revoke", `{"session":"` + session + `"}`, admin, 200},
		{"POST", "http://" + c.Admin + "/reload", "{}", admin, 200},
	} {
		status, body, err := c.do(q.method, q.url, q.body, q.h)
		if err != nil || status != q.status {
			errs = append(errs,
				fmt.Errorf("%s %s %s: %d %s, %w", q.method, q.url, q.body, status, body, err))
		}
	}
	errs = append(errs, c.raw("OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"),
		c.raw("nonsense\r\n\r\n"))
	return errors.Join(errs...)
}

func (c *client) with(key string) http.Header {
	return http.Header{"Content-Type": {"application/json"}, "Authorization": {"Bearer " + key}}
}

// spoil writes a configuration with a mistake and has it read, and then the one before it.
func (c *client) spoil() error {
	file := filepath.Join(c.Dir, "videotoken.yaml")
	good, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if err := os.WriteFile(file, bytes.Replace(good, []byte("cdns:"), []byte("cnds:"), 1),
		0o600); err != nil {
		return err
	}
	status, body, err := c.do("POST", "http://"+c.Admin+"/reload", "{}",
		http.Header{"Content-Type": {"application/json"}})
	if err != nil || status == http.StatusOK {
		return fmt.Errorf("a configuration with a mistake: %d %s, %w", status, body, err)
	}
	return os.WriteFile(file, good, 0o600)
}

// load asks without end, a few rounds a second, until the test ends.
func (c *client) load(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() {
		tick := time.NewTicker(100 * time.Millisecond)
		defer tick.Stop()
		var err error
		for err == nil && ctx.Err() == nil {
			err = c.ask()
			select {
			case <-tick.C:
			case <-ctx.Done():
			}
		}
		ended <- err
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("the load: %v", err)
		}
	})
}
