package e2e

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"videotoken/deploy/e2e/stack"
)

// layouts are films whose playlists name files beside their directory. Each is made from film.mp4
// without encoding it again, in the folder of its name.
var layouts = []struct {
	name, src, scope string
	stream           string            // that is compared with that of the file want
	want             string            // film.mp4 if it is empty
	ffmpeg           []string          // run in the folder above
	files            map[string]string // written besides
}{
	{
		name: "audio", src: "/audio/film/video/master.m3u8", scope: "/audio/film/", stream: "0:a:0",
		want: "audio/film/audio/en/a.m3u8", // film.mp4 has an edit list, which drops AAC's first frame
		ffmpeg: []string{
			"-i film.mp4 -map 0:v -c copy -f hls -hls_time 2 -hls_playlist_type vod audio/film/video/v.m3u8",
			"-i film.mp4 -map 0:a -c copy -f hls -hls_time 2 -hls_playlist_type vod " +
				"audio/film/audio/en/a.m3u8",
		},
		files: map[string]string{"audio/film/video/master.m3u8": "#EXTM3U\n" +
			"#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"en\",DEFAULT=YES,URI=\"../audio/en/a.m3u8\"\n" +
			"#EXT-X-STREAM-INF:BANDWIDTH=900000,AUDIO=\"a\"\nv.m3u8\n"},
	},
	{
		name: "keys", src: "/keys/film/v/v.m3u8", scope: "/keys/film/", stream: "0:v:0",
		ffmpeg: []string{"-i film.mp4 -c copy -f hls -hls_time 2 -hls_playlist_type vod " +
			"-hls_key_info_file keys/info keys/film/v/v.m3u8"},
		files: map[string]string{
			"keys/film/keys/k.bin": "0123456789abcdef",
			"keys/info":            "../keys/k.bin\nkeys/film/keys/k.bin\n",
		},
	},
	{
		name: "renditions", src: "/renditions/2M/master.m3u8", scope: "/renditions/", stream: "0:v:0",
		ffmpeg: []string{"-i film.mp4 -c copy -f hls -hls_time 2 -hls_playlist_type vod " +
			"-hls_segment_type fmp4 renditions/1M/v.m3u8"},
		files: map[string]string{"renditions/2M/master.m3u8": "#EXTM3U\n" +
			"#EXT-X-STREAM-INF:BANDWIDTH=1000000\n../1M/v.m3u8\n"},
	},
	{
		name: "dash", src: "/dash/film/m.mpd", scope: "/dash/", stream: "0:v:0",
		ffmpeg: []string{"-i film.mp4 -c copy -f dash -seg_duration 2 dash/media/m.mpd"},
	},
}

// makeLayouts makes the film and its layouts in a folder.
func makeLayouts(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	ffmpeg := func(args string) {
		cmd := exec.Command("ffmpeg",
			append([]string{"-nostdin", "-v", "error", "-y"}, strings.Fields(args)...)...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("ffmpeg %s: %v\n%s", args, err, out)
		}
	}
	ffmpeg("-f lavfi -i testsrc2=s=320x180:r=25 -f lavfi -i sine=frequency=330:sample_rate=48000 -t " +
		"6 " +
		"-c:v libx264 -preset veryfast -pix_fmt yuv420p -g 50 -keyint_min 50 -sc_threshold 0 -c:a aac " +
		"-b:a 64k film.mp4")
	for _, l := range layouts {
		for file, text := range l.files {
			write(t, filepath.Join(dir, file), text)
		}
		for _, args := range l.ffmpeg {
			fields := strings.Fields(args)
			if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, fields[len(fields)-1])),
				0o755); err != nil {
				t.Fatal(err)
			}
			ffmpeg(args)
		}
	}
	// The manifest moves away from its segments, and says where they are.
	mpd, err := os.ReadFile(filepath.Join(dir, "dash/media/m.mpd"))
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Replace(string(mpd), "<Period", "<BaseURL>../media/</BaseURL>\n\t<Period", 1)
	write(t, filepath.Join(dir, "dash/film/m.mpd"), text)
	return dir
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// signScope asks for the URL of a playlist on nginx, whose token covers a directory.
func signScope(t *testing.T, s *stack.Stack, src, scope string) string {
	t.Helper()
	claims := map[string]any{"cdn": "nginx"}
	if scope != "" {
		claims["scope"] = scope
	}
	body, err := json.Marshal(map[string]any{"token": claims,
		"video": map[string]any{"sources": []map[string]any{{"src": src}}}})
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.Post("http://"+s.Service+"/video/token", "application/json",
		bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(res.Body)
	_ = res.Body.Close()
	var video struct{ Sources []struct{ Src string } }
	if err != nil || res.StatusCode != http.StatusOK || json.Unmarshal(answer, &video) != nil ||
		len(video.Sources) != 1 {
		t.Fatalf("the service answered %d %s, %v", res.StatusCode, answer, err)
	}
	return video.Sources[0].Src
}

// TestLayouts plays each layout through nginx with token.scope: every frame is the film's. Without
// the scope the files beside the playlist's directory are refused.
func TestLayouts(t *testing.T) {
	dir := makeLayouts(t)
	s := up(t, stack.Options{Origin: http.FileServer(http.Dir(dir)), Edges: []string{"nginx"},
		Player: playerOrigin})
	for _, l := range layouts {
		t.Run(l.name, func(t *testing.T) {
			file := l.want
			if file == "" {
				file = "film.mp4"
			}
			want, messages, err := decode(t, filepath.Join(dir, file), l.stream)
			if err != nil || messages != "" || len(want) < 6*stack.FPS {
				t.Fatalf("ffmpeg, of the file: %d frames, %v\n%s", len(want), err, messages)
			}
			got, messages, err := decode(t, signScope(t, s, l.src, l.scope), l.stream)
			if err != nil || messages != "" {
				t.Errorf("ffmpeg: %v\n%s", err, messages)
			}
			if checksums(got) != checksums(want) {
				t.Errorf("%d frames, %d in the film, or other ones", len(got), len(want))
			}
			if got, messages, err := decode(t, signScope(t, s, l.src, ""), l.stream); err == nil &&
				len(got) == len(want) {
				t.Errorf("%d frames play without the scope: %s", len(got), messages)
			}
		})
	}
}

// checksums are those of frames without their times, which start elsewhere in MPEG-TS.
func checksums(frames []string) string {
	var sums []string
	for _, f := range frames {
		fields := strings.Split(strings.TrimSpace(f), ",")
		sums = append(sums, strings.TrimSpace(fields[5]))
	}
	return strings.Join(sums, "\n")
}
