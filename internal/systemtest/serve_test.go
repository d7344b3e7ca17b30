package systemtest

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

const seed = `{"video":{"_id":"6213a7299fa2604f1b188ee0","videoId":"12345","title":"Big Buck Bunny","sources":[{"src":"/Big_Buck_Bunny_1080p_surround_FrostWire.com.mp4","size":1080,"type":"video/mp4"},{"src":"/Big_Buck_Bunny_720p_surround_FrostWire.com.mp4","size":720,"type":"video/mp4"}]}}`

func postSeed(tb testing.TB, addr string) string {
	tb.Helper()
	res, err := http.Post("http://"+addr+"/video/token", "application/json", strings.NewReader(seed))
	if err != nil {
		tb.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != 200 {
		tb.Fatalf("%d %s, %v", res.StatusCode, b, err)
	}
	return string(b)
}

// TestServe is the main job: the seed's document becomes URLs that the command line, with the same
// configuration, verifies.
func TestServe(t *testing.T) {
	file := configure(t)
	p := start(t, "-config", file)
	if got := get(t, "http://"+p.addr+"/healthz"); got != "ok\n" {
		t.Errorf("healthz: %q", got)
	}
	if got := get(t, "http://"+p.admin+"/readyz"); got != "ok\n" {
		t.Errorf("readyz: %q", got)
	}
	for i, host := range []string{"https://d7.cloudfront.net/", "https://d8.cloudfront.net/",
		"https://d7.cloudfront.net/"} {
		var video struct {
			Sources []struct {
				Src, Type string
				Size      int
			}
		}
		if err := json.Unmarshal([]byte(postSeed(t, p.addr)), &video); err != nil ||
			len(video.Sources) != 2 {
			t.Fatalf("%v, %+v", err, video)
		}
		for _, source := range video.Sources {
			if !strings.HasPrefix(source.Src, host) || source.Type != "video/mp4" {
				t.Errorf("answer %d: %+v", i, source)
			}
			if out, errs, status := command(t, "verify", "-config", file, source.Src); status != 0 ||
				!strings.Contains(out, "expires") {
				t.Errorf("verify %s: %d, %s%s", source.Src, status, out, errs)
			}
		}
	}
	p.signal(t, syscall.SIGTERM)
	if status := p.wait(t); status != 0 {
		t.Errorf("exit status %d", status)
	}
	want := []string{"WARN configuration: " + noCallers, "INFO admin endpoints", "INFO serving",
		"INFO shutting down", "INFO stopped"}
	if got := p.messages(); !slices.Equal(got, want) {
		t.Errorf("logged %q, want %q", got, want)
	}
}

// awaitBegun waits until the service holds a part of a request.
func (p *process) awaitBegun(tb testing.TB) {
	tb.Helper()
	for until := time.Now().Add(30 * time.Second); ; time.Sleep(time.Millisecond) {
		if m := get(tb, "http://"+p.admin+"/metrics"); !strings.Contains(m,
			"\nvideotoken_unfinished_bytes 0\n") {
			return
		}
		if time.Now().After(until) {
			tb.Fatal("the service holds nothing of a request")
		}
	}
}

// TestShutdown: a request in flight when the signal comes is answered, for both signals.
func TestShutdown(t *testing.T) {
	for _, s := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		p := start(t)
		c, err := net.Dial("tcp", p.addr)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		request := fmt.Sprintf("POST /video/token HTTP/1.1\r\nHost: x\r\n"+
			"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(seed), seed)
		if _, err := io.WriteString(c, request[:100]); err != nil {
			t.Fatal(err)
		}
		p.awaitBegun(t)
		p.signal(t, s)
		p.await(t, "INFO shutting down")
		if _, err := io.WriteString(c, request[100:]); err != nil {
			t.Fatal(err)
		}
		answer, err := io.ReadAll(c)
		if err != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 200 OK\r\n") ||
			!strings.Contains(string(answer), "\r\nConnection: close\r\n") {
			t.Errorf("%v: %v\n%s", s, err, answer)
		}
		if status := p.wait(t); status != 0 {
			t.Errorf("%v: exit status %d, %q", s, status, p.messages())
		}
	}
}

func TestAddressInUse(t *testing.T) {
	p := start(t)
	_, errs, status := command(t, "-demo", "-listen", p.addr, "-admin", "off")
	if status != 1 || !strings.Contains(errs, "choose another address with -listen") {
		t.Errorf("%d, %s", status, errs)
	}
	_, errs, status = command(t, "-demo", "-listen", "127.0.0.1:0", "-admin", p.admin)
	if status != 1 || !strings.Contains(errs, "choose another address with -admin") {
		t.Errorf("%d, %s", status, errs)
	}
}

// TestKill: nothing is lost or left behind when the process is killed; it starts again on the same
// port at once.
func TestKill(t *testing.T) {
	p := start(t)
	c, err := net.Dial("tcp", p.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	p.signal(t, syscall.SIGKILL)
	p.wait(t)
	if again := start(t, "-listen", p.addr); again.addr != p.addr {
		t.Errorf("on %s, not %s", again.addr, p.addr)
	}
}

// BenchmarkStart is the time from the start of the process to its first answer.
func BenchmarkStart(b *testing.B) {
	for range b.N {
		p := start(b)
		postSeed(b, p.addr)
		b.StopTimer()
		_ = p.cmd.Process.Kill()
		<-p.exited
		b.StartTimer()
	}
}
