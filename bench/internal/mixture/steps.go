package mixture

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"videotoken/bench/internal/growth"
	"videotoken/bench/internal/measure"
	"videotoken/bench/internal/subject"
)

// step is one thing that is done.
type step struct {
	name string
	do   func(ctx context.Context, i int) error
}

// steps are what is done, in turn.
func (m *Mixture) steps() []step {
	return []step{
		{"every scheme signs", m.sign},
		{"renewals", m.renew},
		{"verifications", m.verify},
		{"revocations", m.revoke},
		{"connections for one request", m.churn},
		{"mistakes of clients", m.mistake},
		{"every scheme signs, a playlist", m.signPlaylist},
		{"reloads", m.reload},
	}
}

// post posts JSON. An answer with another status is an error.
func post(ctx context.Context, client *http.Client, url, body string,
	want int) (answer string, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		return "", err
	}
	req.Header.Set("Content-Type", "application/json")
	return do(client, req, want)
}

func do(client *http.Client, req *http.Request, want int) (answer string, err error) {
	res, err := client.Do(req)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != want {
		err = fmt.Errorf("answered %d %s, want %d", res.StatusCode, b, want)
	}
	return string(b), err
}

// signed signs sources, and returns the URL of the first.
func (m *Mixture) signed(ctx context.Context, claims string, paths ...string) (string, error) {
	var sources []string
	for _, path := range paths {
		sources = append(sources, fmt.Sprintf(`{"src":%q}`, path))
	}
	body := fmt.Sprintf(`{"token":{%s},"video":{"sources":[%s]}}`, claims,
		strings.Join(sources, ","))
	answer, err := post(ctx, http.DefaultClient, m.p.URL+measure.Path, body, http.StatusOK)
	if err != nil {
		return "", fmt.Errorf("%s: %w", claims, err)
	}
	var video struct{ Sources []struct{ Src string } }
	if err := json.Unmarshal([]byte(answer), &video); err != nil {
		return "", err
	}
	if len(video.Sources) != len(paths) || !strings.HasPrefix(video.Sources[0].Src, "https://") {
		return "", fmt.Errorf("answered %s", answer)
	}
	return video.Sources[0].Src, nil
}

// sign signs films that were never asked for.
func (m *Mixture) sign(ctx context.Context, i int) error {
	_, err := m.signed(ctx, m.turn(i), films(i)...)
	return err
}

// films are the paths of films, as many as a request may wait for. Each number has its own.
func films(i int) (paths []string) {
	for j := range 8 {
		paths = append(paths, fmt.Sprintf("/films/%d-%d.mp4", i, j))
	}
	return paths
}

// fill fills the cache of signatures, which would grow to the end of a short run.
func (m *Mixture) fill(ctx context.Context) error {
	const atMost, between = 1000, 50
	for i := range atMost {
		if i%between == 0 {
			now, err := subject.Scrape(ctx, m.p.Admin)
			if err != nil {
				return fmt.Errorf("the admin port: %w", err)
			}
			if now["videotoken_signature_cache_bytes"] > growth.SignatureCache*15/16 {
				return nil
			}
		}
		if _, err := m.signed(ctx, `"cdn":"google-media-cdn"`, films(-1-i)...); err != nil {
			return err
		}
	}
	return fmt.Errorf("%d requests do not fill the cache of signatures", atMost)
}

// signPlaylist signs a playlist, where the scheme can, again and again.
func (m *Mixture) signPlaylist(ctx context.Context, i int) error {
	claims := m.turn(i)
	if strings.Contains(claims, "google-cloud-cdn") || strings.Contains(claims, "secure-link") {
		return m.sign(ctx, i)
	}
	_, err := m.signed(ctx, claims, "/films/hls/master.m3u8")
	return err
}

// turn names the CDN whose turn it is.
func (m *Mixture) turn(i int) string {
	return fmt.Sprintf(`"cdn":%q`, schemes[i/m.kinds%len(schemes)])
}

func (m *Mixture) renew(ctx context.Context, i int) error {
	url, err := m.signed(ctx, fmt.Sprintf(`"cdn":"aws-1","session":"%016x","renew":3600`, 1<<62+i),
		"/films/a.mp4")
	if err != nil {
		return err
	}
	_, err = post(ctx, http.DefaultClient, m.p.URL+"/video/renew", fmt.Sprintf(`{"url":%q}`, url),
		http.StatusOK)
	return err
}

// ask asks about a URL of the CDN aws-1, as an edge does.
func (m *Mixture) ask(ctx context.Context, url string, want int) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet,
		m.p.URL+"/verify/auth-request/aws-1", nil)
	if err != nil {
		return err
	}
	req.Header.Set("X-Original-URI", strings.TrimPrefix(url, "https://d111.cdn.example"))
	_, err = do(http.DefaultClient, req, want)
	return err
}

// verify asks about a token, and about the same one for another path.
func (m *Mixture) verify(ctx context.Context, i int) error {
	url, err := m.signed(ctx, `"cdn":"aws-1"`, "/films/a.mp4")
	if err == nil {
		err = m.ask(ctx, url, http.StatusOK)
	}
	if err == nil {
		err = m.ask(ctx, strings.Replace(url, "a.mp4", "b.mp4", 1), http.StatusForbidden)
	}
	return err
}

// revoke revokes a session for a few seconds. Its token is refused then. The sessions come again
// when their time is over: the service keeps each for a day more, so that new ones make it grow.
func (m *Mixture) revoke(ctx context.Context, i int) error {
	const sessions = 1000 // of which each has its turn after more than a minute
	session := fmt.Sprintf("%016x", 1+i/m.kinds%sessions)
	url, err := m.signed(ctx, fmt.Sprintf(`"cdn":"aws-1","session":%q`, session), "/films/a.mp4")
	if err == nil {
		_, err = post(ctx, http.DefaultClient, m.p.Admin+"/revoke",
			fmt.Sprintf(`{"session":%q,"until":%d}`, session, time.Now().Unix()+10), http.StatusOK)
	}
	if err == nil {
		err = m.ask(ctx, url, http.StatusForbidden)
	}
	return err
}

// churn opens a connection for one request, and one for none.
func (m *Mixture) churn(ctx context.Context, _ int) error {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	const body = `{"token":{"cdn":"aws-1"},"video":{"sources":[{"src":"/a.mp4"}]}}`
	_, err := post(ctx, client, m.p.URL+measure.Path, body, http.StatusOK)
	if err != nil {
		return err
	}
	c, err := net.Dial("tcp", strings.TrimPrefix(m.p.URL, "http://"))
	if err != nil {
		return err
	}
	return c.Close()
}

func (m *Mixture) mistake(ctx context.Context, i int) error {
	bodies := []string{`{`, `{"video":{}}`, `{"video":{"sources":[{"src":"a"}]}}`,
		strings.Repeat(`[`, 9985)}
	_, err := post(ctx, http.DefaultClient, m.p.URL+measure.Path, bodies[i/m.kinds%len(bodies)],
		http.StatusBadRequest)
	return err
}

// reload has the service read a changed configuration, once in a while.
func (m *Mixture) reload(ctx context.Context, i int) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.reloads++
	if err := m.write(); err != nil {
		return err
	}
	_, err := post(ctx, http.DefaultClient, m.p.Admin+"/reload", "{}", http.StatusOK)
	return err
}
