package video_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"videotoken/internal/cdn"
	"videotoken/internal/scheme"
	"videotoken/internal/video"
	"videotoken/token"
)

// newSlow is a signer for CDNs whose signatures are expensive, and for own, whose are not.
func newSlow(tb testing.TB, signatures *scheme.Signatures, seed byte,
	names ...string) *video.Signer {
	tb.Helper()
	var cdns []cdn.CDN
	for _, name := range names {
		if name == "own" {
			cdns = append(cdns,
				cdn.CDN{Name: "own", URL: "https://own.example", Weight: 1, Keys: token.Keys{newKey(tb, 7)}})
			continue
		}
		signer, err := scheme.Lookup("google-media-cdn").New(&scheme.CDN{URL: "https://" +
			name + ".example", Signatures: signatures,
			Keys: []scheme.Key{{ID: "k", Secret: bytes.Repeat([]byte{seed}, 32)}}})
		if err != nil {
			tb.Fatal(err)
		}
		cdns = append(cdns,
			cdn.CDN{Name: name, URL: "https://" + name + ".example", Weight: 1, Signer: signer})
	}
	s := newSigner(tb)
	var err error
	if s.CDNs, err = cdn.New(cdn.RoundRobin, cdns); err != nil {
		tb.Fatal(err)
	}
	return s
}

// wait waits until the signatures of a pending request are made.
func wait(tb testing.TB, err error) *video.Pending {
	tb.Helper()
	var pending *video.Pending
	if !errors.As(err, &pending) {
		tb.Fatalf("%v, want a pending request", err)
	}
	done := make(chan struct{})
	pending.Start(func() { close(done) })
	<-done
	return pending
}

func hosts(tb testing.TB, answer []byte) (list []string) {
	tb.Helper()
	var videos []struct{ Sources []struct{ Src string } }
	if err := json.Unmarshal(answer, &videos); err != nil {
		videos = append(videos[:0], struct{ Sources []struct{ Src string } }{})
		if err := json.Unmarshal(answer, &videos[0]); err != nil {
			tb.Fatalf("%s: %v", answer, err)
		}
	}
	for _, v := range videos {
		for _, s := range v.Sources {
			u, err := url.Parse(s.Src)
			if err != nil {
				tb.Fatal(err)
			}
			list = append(list, u.Host)
		}
	}
	return list
}

// TestPending: a request without its signatures is pending, and its answer is on the CDNs that were
// picked first, with every claim; the next request for the same videos waits for nothing.
func TestPending(t *testing.T) {
	s := newSlow(t, scheme.NewSignatures(1<<20), 1, "one", "two", "three")
	body := []byte(
		`{"videos":[{"sources":[{"src":"/a.mp4"},{"src":"/b.mp4"}]},{"sources":[{"src":"/d/a.m3u8"}]}]}`)
	dst := []byte("before")
	out, _, err := s.AppendFor(nil, dst, body, now)
	if string(out) != "before" {
		t.Errorf("%s was appended", out)
	}
	before := wait(t, err)
	answer, maxAge, err := resume(s, before, dst, body, now)
	if err != nil {
		t.Fatal(err)
	}
	if want := 6*3600 + 200; maxAge != int64(want) {
		t.Errorf("max-age %d, want %d", maxAge, want)
	}
	got := hosts(t, answer[len("before"):])
	if len(got) != 3 || got[0] != got[1] || got[1] == got[2] {
		t.Errorf("hosts %v", got)
	}
	again, _, err := resume(s, before, dst, body, now)
	if err != nil || !bytes.Equal(again, answer) {
		t.Errorf("%s, %v", again, err)
	}
	other, _, err := s.Append(nil, body, now)
	if err == nil {
		t.Errorf("the next request is on the same CDNs: %s", other)
	}
	if strings.Count(string(answer), "Expires="+strconv.Itoa(now+int(maxAge))) != 3 {
		t.Errorf("another expiry: %s", answer)
	}
}

// TestPendingReload: after a reload with another key of the same name the new key signs, at once.
func TestPendingReload(t *testing.T) {
	signatures := scheme.NewSignatures(1 << 20)
	body := []byte(`{"video":{"sources":[{"src":"/a.mp4"}]}}`)
	one, other := newSlow(t, signatures, 1, "one"), newSlow(t, signatures, 2, "one")
	_, _, err := one.Append(nil, body, now)
	before := wait(t, err)
	first, _, err := resume(one, before, nil, body, now)
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = resume(other, before, nil, body, now)
	second, _, err := resume(other, wait(t, err), nil, body, now)
	if err != nil || bytes.Equal(first, second) {
		t.Errorf("%s, %v: the old key's signature", second, err)
	}
	if again, _, err := newSlow(t, signatures, 1, "one").Append(nil, body, now); err != nil ||
		!bytes.Equal(first, again) {
		t.Errorf("%s, %v: the signature was not kept", again, err)
	}
}

// TestLastWindow: at the turn of a window the signature of the one before serves, with its own
// max-age, until the next is made.
func TestLastWindow(t *testing.T) {
	signatures := scheme.NewSignatures(1 << 20)
	s := newSlow(t, signatures, 1, "one")
	body := []byte(`{"video":{"sources":[{"src":"/a.mp4"},{"src":"/b.mp4"}]}}`)
	const turn = (now + 299) / 300 * 300
	_, _, err := s.Append(nil, body, turn)
	old, _, err := resume(s, wait(t, err), nil, body, turn)
	if err != nil {
		t.Fatal(err)
	}
	stale, maxAge, err := s.Append(nil, body, turn+1)
	if err != nil || !bytes.Equal(stale, old) || maxAge != 6*3600-1 {
		t.Fatalf("%s, %d, %v; want the window before", stale, maxAge, err)
	}
	if got := signatures.Stats(); got.Stale != 2 {
		t.Errorf("%+v", got)
	}
	// The workers make the next ones: a request that waits for one of another window comes after.
	_, _, err = s.Append(nil, []byte(`{"token":{"ttl":4000},"video":{"sources":[{"src":"/a.mp4"}]}}`),
		turn)
	wait(t, err)
	for { // the background's queue has no event of its own, but the answers tell
		fresh, maxAge, err := s.Append(nil, body, turn+1)
		if err != nil {
			t.Fatal(err)
		}
		if maxAge == 6*3600+299 {
			if bytes.Equal(fresh, old) {
				t.Error("the window before with a new max-age")
			}
			break
		}
	}
	// Two windows later nothing serves.
	if _, _, err := s.Append(nil, body, turn+601); err == nil {
		t.Error("the last window but one was served")
	}
	// A start after the last window's expiry must not be lost in it.
	late := fmt.Sprintf(`{"token":{"ttl":4,"notBefore":%d},"video":{"sources":[{"src":"/c.mp4"}]}}`,
		turn+3)
	own := newSlow(t, signatures, 1, "own")
	if _, _, err := own.Append(nil, []byte(late), turn); err != nil {
		t.Error(err)
	}
}

// TestTooManyMisses: a request that needs more than 8 new signatures is refused, and has fewer to
// wait for when it comes again.
func TestTooManyMisses(t *testing.T) {
	s := newSlow(t, scheme.NewSignatures(1<<20), 1, "one")
	for _, n := range []int{8, 9, 12} {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, `,{"src":"/%d/%d.mp4"}`, n, i)
		}
		body := []byte(`{"video":{"sources":[` + b.String()[1:] + `]}}`)
		_, _, err := s.Append(nil, body, now)
		if (err == video.ErrBusy) != (n > 8) {
			t.Errorf("%d misses: %v", n, err)
		}
		for err == video.ErrBusy {
			_, _, err = s.Append(nil, body, now)
		}
		var pending *video.Pending
		if errors.As(err, &pending) {
			_, _, err = resume(s, wait(t, err), nil, body, now)
		}
		if err != nil {
			t.Errorf("%d misses, at last: %v", n, err)
		}
	}
}

// TestPendingWeights: requests that wait are counted once, so that weights hold.
func TestPendingWeights(t *testing.T) {
	s := newSlow(t, scheme.NewSignatures(1<<20), 1, "one", "own")
	counts := map[string]int{}
	for i := range 100 {
		body := fmt.Appendf(nil, `{"video":{"sources":[{"src":"/%d.mp4"}]}}`, i)
		answer, _, err := s.Append(nil, body, now)
		var pending *video.Pending
		if errors.As(err, &pending) {
			answer, _, err = resume(s, wait(t, err), nil, body, now)
		}
		if err != nil {
			t.Fatal(err)
		}
		counts[hosts(t, answer)[0]]++
	}
	if counts["one.example"] < 45 || counts["one.example"] > 55 {
		t.Errorf("%v", counts)
	}
}

// TestURLMakes: the command line's way waits for nothing.
func TestURLMakes(t *testing.T) {
	s := newSlow(t, scheme.NewSignatures(1<<20), 1, "one")
	got, _, err := s.URL("/a.mp4", "", video.Options{}, now)
	if err != nil || !strings.HasPrefix(got, "https://one.example/a.mp4?Expires=") {
		t.Errorf("%s, %v", got, err)
	}
}

// resume asks again for a request that was pending.
func resume(s *video.Signer, before *video.Pending, dst, body []byte,
	now int64) ([]byte, int64, error) {
	a, err := s.Answer(dst, video.Question{Body: body, Now: now, Before: before})
	return a.Body, a.MaxAge, err
}
