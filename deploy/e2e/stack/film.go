package stack

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// Film is a test film that ffmpeg makes in every format that players take.
type Film struct {
	Length        time.Duration
	Width, Height int
	Picture       string // a source of ffmpeg's; a test picture if it is empty
}

// FPS is how many frames a film has in a second.
const FPS = 25

// filmSources are the paths of a film's sources, below the folder that it is made in.
var filmSources = []struct{ Path, Type string }{
	{"/film/film.mp4", "video/mp4"},
	{"/film/ts/master.m3u8", "application/vnd.apple.mpegurl"},
	{"/film/fmp4/master.m3u8", "application/vnd.apple.mpegurl"},
	{"/film/dash/manifest.mpd", "application/dash+xml"},
}

// Make makes the film in the folder dir/film: as an MP4, as HLS with two renditions in folders
// below the master playlist, with MPEG-TS segments and with fMP4 ones, and as DASH.
func (f Film) Make(ctx context.Context, dir string) error {
	for _, name := range []string{"ts/low", "ts/high", "fmp4/low", "fmp4/high", "dash"} {
		if err := os.MkdirAll(filepath.Join(dir, "film", name), 0o755); err != nil {
			return err
		}
	}
	seconds := fmt.Sprintf("%.3f", f.Length.Seconds())
	x264 := fmt.Sprintf("-c:v libx264 -preset veryfast -pix_fmt yuv420p -g %d -keyint_min %d "+
		"-sc_threshold 0 ", 2*FPS, 2*FPS)
	picture := f.Picture
	if picture == "" {
		picture = fmt.Sprintf("testsrc2=s=%dx%d:r=%d", f.Width, f.Height, FPS)
	}
	// Each picture is encoded once, and copied into every format.
	hls := "-i film.mp4 -i low.mp4 -map 0:v -map 0:a -map 1:v -map 1:a -c copy " +
		"-f hls -hls_time 2 -hls_playlist_type vod -master_pl_name master.m3u8 -var_stream_map " +
		"v:0,a:0,name:high|v:1,a:1,name:low "
	for _, args := range []string{
		"-f lavfi -i PICTURE -f lavfi -i sine=frequency=330:sample_rate=48000 -t " + seconds + " " +
			x264 +
			"-c:a aac -b:a 64k -ar 48000 -movflags +faststart film.mp4",
		"-i film.mp4 -vf scale=iw/2:-2 " + x264 + "-b:v 250k -c:a copy low.mp4",
		hls + "-hls_segment_filename ts/%v/seg-%d.ts ts/%v/index.m3u8",
		hls + "-hls_segment_type fmp4 -hls_fmp4_init_filename init.mp4 -hls_segment_filename " +
			"fmp4/%v/seg-%d.m4s fmp4/%v/index.m3u8",
		"-i film.mp4 -map 0:v -map 0:a -c copy -f dash -seg_duration 2 dash/manifest.mpd",
	} {
		argv := append([]string{"-nostdin", "-v", "error", "-y"}, strings.Fields(args)...)
		for i, arg := range argv {
			switch { // the arguments that have spaces in them
			case arg == "PICTURE":
				argv[i] = picture
			case strings.HasPrefix(arg, "v:0,"):
				argv[i] = strings.ReplaceAll(arg, "|", " ")
			}
		}
		cmd := exec.CommandContext(ctx, "ffmpeg", argv...)
		cmd.Dir = filepath.Join(dir, "film")
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("ffmpeg %s: %w\n%s", args, err, out)
		}
	}
	return nil
}

// Document returns the film's document, as a catalogue has it.
func (f Film) Document() map[string]any {
	sources := []map[string]any{}
	for _, s := range filmSources {
		sources = append(sources, map[string]any{"src": s.Path, "type": s.Type})
	}
	return map[string]any{"_id": "6213a7299fa2604f1b188ee0", "videoId": "12345",
		"title": "Test film", "sources": sources}
}

// Question returns the body of a request to sign the film's document. claims, which may be nil,
// narrow its tokens.
func (f Film) Question(claims map[string]any) []byte {
	q := map[string]any{"video": f.Document()}
	if claims != nil {
		q["token"] = claims
	}
	b, err := json.Marshal(q)
	if err != nil {
		panic(err) // maps and strings
	}
	return b
}
