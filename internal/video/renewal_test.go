package video_test

import (
	"encoding/json"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"videotoken/internal/caller"
	"videotoken/internal/revoked"
	"videotoken/internal/video"
	"videotoken/token"
)

// TestRenewBodies: what the body must be, and what an answer to several URLs is.
func TestRenewBodies(t *testing.T) {
	s := newRenewer(t)
	film := signed(t, base, 7, renewable(), "/a/b.mp4", "")
	many := func(n int) string {
		return `{"urls":[` + strings.Repeat(`"`+film+`",`, n-1) + `"` + film + `"]}`
	}
	for body, pointer := range map[string]string{
		``: "", `{}`: "/url", `[]`: "", `{"url":1}`: "/url", `{"url":null}`: "/url",
		`{"urls":"x"}`: "/urls", `{"urls":[]}`: "/urls",
		`{"urls":["` + film + `",1]}`: "/urls/1", `{"url":"` + film + `","urls":[]}`: "/urls",
		`{"url":"x","more":1}`: "/more",
		`{"url":"x"} x`:        "", `{"url":"x","url":"x"}`: "/url", many(65): "/urls",
	} {
		_, err := s.Renew(nil, video.Renewal{Body: []byte(body), Now: now})
		var e *video.Error
		if !errors.As(err, &e) || e.Pointer != pointer {
			t.Errorf("%.80s: %v; want an error at %q", body, err, pointer)
		}
	}
	later := signed(t, base, 7, with(func(c *token.Claims) { c.RenewableUntil = now + 5 }), "/a/c.mp4",
		"")
	answer, err := s.Renew(nil,
		video.Renewal{Body: []byte(` { "urls" : ["` + film + `", "` + later + `"] } `), Now: now})
	var out struct{ URLs []string }
	if err == nil {
		err = json.Unmarshal(answer.Body, &out)
	}
	if err != nil || answer.MaxAge != 5 || len(out.URLs) != 2 ||
		!strings.Contains(out.URLs[0], "/a/b.mp4") || !strings.Contains(out.URLs[1], "/a/c.mp4") {
		t.Errorf("%v %s, max-age %d", err, answer.Body, answer.MaxAge)
	}
	if _, err := s.Renew(nil, video.Renewal{Body: []byte(many(64)), Now: now}); err != nil {
		t.Errorf("64 URLs: %v", err)
	}
}

// TestRenewRevoked: a revoked session is not renewed.
func TestRenewRevoked(t *testing.T) {
	s := newRenewer(t)
	var err error
	if s.Revoked, err = revoked.Open(revoked.Config{File: filepath.Join(t.TempDir(), "revoked"),
		Now: func() time.Time { return time.Unix(now, 0) }}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Revoked.Close)
	url := signed(t, base, 7, renewable(), "/a/b.mp4", "")
	if _, _, err := renewOne(s, url, now, viewer); err != nil {
		t.Fatal(err)
	}
	if err := s.Revoked.Revoke(t.Context(), session, now+60); err != nil {
		t.Fatal(err)
	}
	var refused *video.Refused
	if _, _, err := renewOne(s, url, now, viewer); !errors.As(err, &refused) ||
		refused.Reason != token.ErrRevoked {
		t.Errorf("%v; want %v", err, token.ErrRevoked)
	}
}

// TestRenewOption: what a request asks for, or the configuration gives, is in its tokens.
func TestRenewOption(t *testing.T) {
	for _, c := range []struct {
		name, options string
		standing      int64 // what is configured
		most          int64 // of the caller
		until         int64 // after now; 0: no renewal
		pointer       string
	}{
		{"asked for", `"renew":1000,"session":"0011223344556677"`, 0, caller.Unlimited, 1100, ""},
		{"no session", `"renew":1000`, 0, caller.Unlimited, 0, "/token/renew"},
		{"too long", `"renew":7201,"session":"0011223344556677"`, 0, caller.Unlimited, 0, "/token/renew"},
		{"no number", `"renew":"1h","session":"0011223344556677"`, 0, caller.Unlimited, 0,
			"/token/renew"},
		{"too long for the caller", `"renew":3601,"session":"0011223344556677"`, 0, 3600, 0,
			"/token/renew"},
		{"rounded down at the limit", `"renew":7200,"session":"0011223344556677"`, 0, caller.Unlimited,
			7100, ""},
		{"configured", `"session":"0011223344556677"`, 1000, caller.Unlimited, 1100, ""},
		{"configured, no session", `"ttl":600`, 1000, caller.Unlimited, 0, ""},
		{"configured above the caller's limit", `"session":"0011223344556677"`, 1000, 500, 500, ""},
		{"a caller without renewal", `"session":"0011223344556677"`, 1000, 0, 0, ""},
		{"not configured", `"session":"0011223344556677"`, 0, caller.Unlimited, 0, ""},
	} {
		s := newRenewer(t)
		s.RenewFor = c.standing
		by := &caller.Caller{Name: "a", MaxTTL: caller.Unlimited, MaxRenew: c.most}
		out, _, err := s.AppendFor(by, nil,
			[]byte(`{"token":{"cdn":"one",`+c.options+`},"video":{"sources":[{"src":"/a/b.mp4"}]}}`), now)
		var e *video.Error
		if c.pointer != "" {
			if !errors.As(err, &e) || e.Pointer != c.pointer {
				t.Errorf("%s: %v; want an error at %s", c.name, err, c.pointer)
			}
			continue
		}
		var v struct{ Sources []struct{ Src string } }
		if err == nil {
			err = json.Unmarshal(out, &v)
		}
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		_, verified, err := s.CDNs.VerifyURL([]byte(v.Sources[0].Src), token.Request{Now: now})
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		want := token.Claims{}
		if c.until != 0 {
			want.RenewableUntil, want.TTL = uint32(now+c.until), 600
		}
		if got := verified.Claims; got.RenewableUntil != want.RenewableUntil || got.TTL != want.TTL {
			t.Errorf("%s: renewable until now%+d, ttl %d; want now%+d", c.name,
				int64(got.RenewableUntil)-now, got.TTL, c.until)
		}
	}
}
