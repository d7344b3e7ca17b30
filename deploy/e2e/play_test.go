package e2e

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"videotoken/deploy/e2e/stack"
)

var testFilm = stack.Film{Length: 12 * time.Second, Width: 640, Height: 360}

// makeFilm makes the test film, and returns the folder to serve it from.
func makeFilm(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := testFilm.Make(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	return dir
}

// signFilm asks the service for the film's document until its URLs are those of the edge, and
// returns them.
func signFilm(t *testing.T, s *stack.Stack, e *stack.Edge, claims map[string]any) []string {
	t.Helper()
	for range 10 {
		res, err := http.Post("http://"+s.Service+"/video/token", "application/json",
			bytes.NewReader(testFilm.Question(claims)))
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		_ = res.Body.Close()
		var video struct{ Sources []struct{ Src string } }
		if err != nil || res.StatusCode != http.StatusOK || json.Unmarshal(body, &video) != nil ||
			len(video.Sources) != 4 {
			t.Fatalf("the service answered %d %s, %v", res.StatusCode, body, err)
		}
		if strings.HasPrefix(video.Sources[0].Src, "http://"+e.Addr+"/") {
			urls := []string{}
			for _, source := range video.Sources {
				urls = append(urls, source.Src)
			}
			return urls
		}
	}
	t.Fatalf("the service signs nothing for %s", e.Name)
	return nil
}

// decode reads a film to its end, and returns a line with a checksum for each frame of one of its
// streams, and ffmpeg's messages.
func decode(t *testing.T, input, stream string,
	options ...string) (frames []string, messages string, err error) {
	t.Helper()
	args := append([]string{"-nostdin", "-v", "error"}, options...)
	cmd := exec.Command("ffmpeg", append(args, "-i", input, "-map", stream, "-f", "framecrc", "-")...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	for line := range strings.Lines(string(out)) {
		if !strings.HasPrefix(line, "#") {
			frames = append(frames, line)
		}
	}
	return frames, stderr.String(), err
}

// TestPlay reads every source to its end, through the edges, from the URLs that the service signed.
func TestPlay(t *testing.T) {
	dir := makeFilm(t)
	s := up(t, stack.Options{Origin: http.FileServer(http.Dir(dir)), Edges: []string{"nginx", "caddy"},
		Player: playerOrigin})
	for _, name := range []string{"nginx", "caddy"} {
		for _, signed := range signFilm(t, s, s.Edges[name], nil) {
			_, file, _ := strings.Cut(signed, "/film/")
			file, _, _ = strings.Cut(file, "?")
			streams := []string{"0:v:0"}
			if strings.HasSuffix(file, ".m3u8") {
				streams = append(streams, "0:v:1")
			}
			for _, stream := range streams {
				t.Run(name+"/"+file+" "+stream, func(t *testing.T) {
					s.Recorder.Take()
					got, messages, err := decode(t, signed, stream)
					if err != nil || messages != "" {
						t.Errorf("ffmpeg: %v\n%s", err, messages)
					}
					want, messages, err := decode(t, filepath.Join(dir, "film", file), stream)
					if err != nil || messages != "" {
						t.Fatalf("ffmpeg, of the file: %v\n%s", err, messages)
					}
					frames := int(testFilm.Length/time.Second) * stack.FPS
					if len(got) != frames || strings.Join(got, "") != strings.Join(want, "") {
						t.Errorf("%d frames; want %d, as in the file", len(got), frames)
					}
					t.Logf("%d frames, %d requests verified", len(got), len(s.Recorder.Take()))
				})
			}
		}
	}
}

// TestExpiry plays a film whose token expires in the middle: the next segment is refused, and so is
// everything for a player that comes late.
func TestExpiry(t *testing.T) {
	dir := makeFilm(t)
	s := up(t, stack.Options{Origin: http.FileServer(http.Dir(dir)), Edges: []string{"nginx", "caddy"},
		Player: playerOrigin})
	for _, name := range []string{"nginx", "caddy"} {
		t.Run(name, func(t *testing.T) {
			urls := signFilm(t, s, s.Edges[name], map[string]any{"ttl": 3})
			end := expires(t, s, urls[1]).Add(stack.Leeway * time.Second)
			s.Recorder.Take()

			// -re reads the film as fast as it plays, so that its end is asked for after the
			// token's.
			frames, _, _ := decode(t, urls[1], "0:v:0", "-re")
			if all := int(testFilm.Length/time.Second) * stack.FPS; len(frames) == 0 || len(frames) >= all {
				t.Errorf("%d frames of %d; want the player refused in the middle", len(frames), all)
			}
			allowed, refused := 0, 0
			for _, x := range s.Recorder.Take() {
				switch { // the service decided between the two times; the second of the end itself counts
				case x.Status == 200 && x.Asked.Before(end.Add(time.Second)):
					allowed++
				case x.Status == 403 && x.Answered.After(end):
					refused++
				default:
					t.Errorf("%s was answered with %d, %v after the token's end", x.URI(), x.Status,
						x.Answered.Sub(end))
				}
			}
			if allowed == 0 || refused == 0 {
				t.Errorf("%d requests allowed, %d refused", allowed, refused)
			}
			t.Logf("%d frames played; %d requests allowed, then %d refused", len(frames), allowed, refused)

			for _, late := range urls {
				if frames, messages, err := decode(t, late, "0:v:0"); err == nil || len(frames) > 0 ||
					!strings.Contains(messages, "403") {
					t.Errorf("%s played %d frames for a late player: %v\n%s", late, len(frames), err, messages)
				}
			}
		})
	}
}

// expires returns the time until which a URL is good: X-Token-Expires.
func expires(t *testing.T, s *stack.Stack, signed string) time.Time {
	t.Helper()
	u, err := url.Parse(signed)
	if err != nil {
		t.Fatal(err)
	}
	for name, e := range s.Edges {
		if e.Addr != u.Host {
			continue
		}
		req, err := http.NewRequest("GET", "http://"+s.Service+"/verify/auth-request/"+name, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("X-Original-URI", u.RequestURI())
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		seconds, err := strconv.ParseInt(res.Header.Get("X-Token-Expires"), 10, 64)
		if err != nil {
			t.Fatalf("the service answered %d: %v", res.StatusCode, err)
		}
		return time.Unix(seconds, 0)
	}
	t.Fatal("no edge has the address of " + signed)
	return time.Time{}
}

// TestNothingLeft shows that a stack that was closed leaves no process and no file.
func TestNothingLeft(t *testing.T) {
	s, err := stack.New(stack.Options{Root: root, Binary: binary, Origin: newNaive(),
		Player: playerOrigin, Edges: edges})
	if err != nil {
		t.Fatal(err, s.Close())
	}
	dir := s.Dir
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("%s is left: %v", dir, err)
	}
	cmdlines, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil || len(cmdlines) == 0 {
		t.Fatal("no processes", err)
	}
	for _, file := range cmdlines {
		if b, err := os.ReadFile(file); err == nil && bytes.Contains(b, []byte(dir)) {
			t.Errorf("%s is left: %q", filepath.Dir(file), b)
		}
	}
}
