package stack

import (
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Load is clients that ask until they are told to stop, and what came of it.
type Load struct {
	Sent, Failed atomic.Int64

	first   atomic.Value // the first error
	ended   atomic.Int64 // requests that were answered, rightly or not
	done    atomic.Bool
	clients sync.WaitGroup
}

// Start starts clients, each with a connection of its own, that call ask without end.
func (l *Load) Start(clients int, ask func(*http.Client) error) {
	for range clients {
		l.clients.Go(func() {
			client := &http.Client{Transport: &http.Transport{}, Timeout: 20 * time.Second}
			defer client.CloseIdleConnections()
			for !l.done.Load() {
				l.Sent.Add(1)
				if err := ask(client); err != nil {
					l.Failed.Add(1)
					l.first.CompareAndSwap(nil, err.Error())
				}
				l.ended.Add(1)
				time.Sleep(4 * time.Millisecond) // leave the machine to others, too
			}
		})
	}
}

// Await waits until n more requests were answered, rightly or not.
func (l *Load) Await(n int64) {
	for end := l.ended.Load() + n; l.ended.Load() < end; {
		time.Sleep(time.Millisecond)
	}
}

// Stop ends the clients, after the requests that they have begun.
func (l *Load) Stop() {
	l.done.Store(true)
	l.clients.Wait()
}

// String says how many requests there were, how many failed, and with which error the first one.
func (l *Load) String() string {
	text := fmt.Sprintf("%d requests, %d failed", l.Sent.Load(), l.Failed.Load())
	if first := l.first.Load(); first != nil {
		text += fmt.Sprintf("; the first: %v", first)
	}
	return text
}

// filmPath is the path of the film that Sign has signed.
const filmPath = "/films/a.mp4"

var signed = regexp.MustCompile(`"https://films\.example(/films/a\.mp4\?token=[^"]+)"`)

// Sign has a service sign a document, and returns the path and query of the URL in the answer.
// claims are members of its member token, such as `"ttl":60`. net/http sends a POST again only if
// nothing of it was written.
func Sign(client *http.Client, addr, claims string) (uri string, err error) {
	body := fmt.Sprintf(`{"video":{"sources":[{"src":%q}]},"token":{%s}}`, filmPath, claims)
	res, err := client.Post("http://"+addr+"/video/token", "application/json",
		strings.NewReader(body))
	if err != nil {
		return "", err
	}
	answer, err := io.ReadAll(res.Body)
	_ = res.Body.Close()
	if err != nil {
		return "", err
	}
	found := signed.FindSubmatch(answer)
	if res.StatusCode != http.StatusOK || found == nil {
		return "", fmt.Errorf("signing: %d %s", res.StatusCode, answer)
	}
	return string(found[1]), nil
}

// Signing is the question of a load that has a service sign a document.
func Signing(addr string) func(*http.Client) error {
	return func(client *http.Client) error {
		_, err := Sign(client, addr, "")
		return err
	}
}

// Verify asks a service about a URL of the CDN own, as an edge does. It returns the reason of a
// refusal, "" if there is none.
func Verify(client *http.Client, addr, uri string) (reason string, err error) {
	return VerifyAt(client, addr, "own", uri)
}

// VerifyAt is Verify, with any CDN.
func VerifyAt(client *http.Client, addr, cdn, uri string) (reason string, err error) {
	r, err := http.NewRequest("GET", "http://"+addr+"/verify/auth-request/"+cdn, nil)
	if err != nil {
		return "", err
	}
	r.Header.Set("X-Original-URI", uri)
	res, err := client.Do(r)
	if err != nil {
		return "", err
	}
	_, err = io.Copy(io.Discard, res.Body)
	_ = res.Body.Close()
	if reason = res.Header.Get("X-Token-Reason"); err == nil &&
		(res.StatusCode == http.StatusOK) != (reason == "") {
		err = fmt.Errorf("verifying: %s, %q", res.Status, reason)
	}
	return reason, err
}
