package server

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/netip"
	"strings"

	"videotoken/internal/cdn"
	"videotoken/internal/uri"
	"videotoken/internal/video"
	"videotoken/token"
)

// slowSigner says what the answer to an accepted document must be, by encoding/json: the slow and
// obvious way.
type slowSigner struct{ *video.Signer }

// slowOptions are the member token of a document.
type slowOptions struct {
	TTL       *int64   `json:"ttl"`
	NotBefore *uint32  `json:"notBefore"`
	IP        *string  `json:"ip"`
	Session   *string  `json:"session"`
	Renew     *int64   `json:"renew"`
	Scope     *string  `json:"scope"`
	CDN       *string  `json:"cdn"`
	Exclude   []string `json:"exclude"`
}

// check checks the answer to a request: of a document that was accepted, every byte.
func (s *slowSigner) check(r seenRequest, answer string) error {
	path, _, _ := strings.Cut(r.target, "?")
	if r.method != "POST" || path != "/video/token" || status(answer) != 200 {
		return nil
	}
	head, text, _ := strings.Cut(answer, "\r\n\r\n")
	var in map[string]json.RawMessage
	if err := json.Unmarshal([]byte(r.body), &in); err != nil {
		return fmt.Errorf("encoding/json refuses the body: %w", err)
	}
	var o slowOptions
	if raw, ok := in["token"]; ok {
		d := json.NewDecoder(bytes.NewReader(raw))
		d.DisallowUnknownFields()
		if err := d.Decode(&o); err != nil {
			return fmt.Errorf("encoding/json refuses the options: %w", err)
		}
	}
	claims, err := s.claimsOf(&o)
	if err != nil {
		return err
	}
	line := fmt.Sprintf("\r\nCache-Control: private, max-age=%d\r\n", int64(claims.Expiry)-now)
	if !strings.Contains(head+"\r\n", line) {
		return fmt.Errorf("no %q", line)
	}
	if one, ok := in["video"]; ok {
		return s.checkVideo(one, text, &o, claims)
	}
	var ins, outs []json.RawMessage
	err = errors.Join(json.Unmarshal(in["videos"], &ins), json.Unmarshal([]byte(text), &outs))
	if err != nil || len(ins) != len(outs) || len(ins) == 0 {
		return fmt.Errorf("%d videos became %d: %w", len(ins), len(outs), err)
	}
	for i := range ins {
		if err := s.checkVideo(ins[i], string(outs[i]), &o, claims); err != nil {
			return fmt.Errorf("video %d: %w", i, err)
		}
	}
	return nil
}

// claimsOf are what the tokens say for options, but for their depth: docs/DESIGN.md, section 2.
func (s *slowSigner) claimsOf(o *slowOptions) (c token.Claims, err error) {
	ttl := s.TTL
	if o.TTL != nil {
		ttl = *o.TTL
	}
	if ttl < 1 || ttl > s.MaxTTL {
		return c, fmt.Errorf("a ttl of %d", ttl)
	}
	step := max(1, min(s.Round, ttl/4))
	rounded := func(ttl, most int64) uint32 {
		up := int64(math.Ceil(float64(now+ttl)/float64(step))) * step
		if up > now+most {
			up -= step
		}
		return uint32(up)
	}
	c.Expiry = rounded(ttl, s.MaxTTL)
	if o.NotBefore != nil {
		c.NotBefore = *o.NotBefore
	}
	if o.IP != nil {
		text := *o.IP
		if !strings.Contains(text, "/") {
			addr, err := netip.ParseAddr(text)
			if err != nil {
				return c, err
			}
			text += map[bool]string{true: "/32", false: "/64"}[addr.Unmap().Is4()]
			if addr.Is4In6() {
				text = addr.Unmap().String() + "/32"
			}
		}
		if c.IP, err = netip.ParsePrefix(text); err != nil {
			return c, err
		}
	}
	if o.Session != nil {
		c.HasSession = true
		if n, err := hex.Decode(c.Session[:], []byte(*o.Session)); n != 8 || err != nil {
			return c, fmt.Errorf("the session %q: %w", *o.Session, err)
		}
	}
	if o.Renew != nil {
		if *o.Renew < 1 || *o.Renew > s.MaxRenew || !c.HasSession {
			return c, fmt.Errorf("renewed for %d", *o.Renew)
		}
		c.RenewableUntil, c.TTL = rounded(*o.Renew, s.MaxRenew), uint32(ttl)
	}
	return c, nil
}

// checkVideo checks that an answer is the video byte for byte, but for the src of each source,
// which is a URL of one CDN that the options leave.
func (s *slowSigner) checkVideo(in json.RawMessage, out string, o *slowOptions,
	claims token.Claims) error {
	ins, err := sourcesOf(string(in))
	if err != nil {
		return err
	}
	outs, err := sourcesOf(out)
	if err != nil || len(ins) != len(outs) || len(ins) == 0 {
		return fmt.Errorf("%d sources became %d: %w", len(ins), len(outs), err)
	}
	var restored strings.Builder
	from := 0
	var on *cdn.CDN
	for i := range ins {
		restored.WriteString(out[from:outs[i].start])
		restored.WriteString(string(in[ins[i].start:ins[i].end]))
		from = outs[i].end
		for j, all := 0, s.CDNs.All(); on == nil && j < len(all); j++ {
			if strings.HasPrefix(outs[i].src, all[j].URL+"/") {
				on = &all[j]
			}
		}
		if on == nil || o.CDN != nil && on.Name != *o.CDN {
			return fmt.Errorf("%q is not on the CDN that it must be on", outs[i].src)
		}
		for _, name := range o.Exclude {
			if on.Name == name {
				return fmt.Errorf("%q is on an excluded CDN", outs[i].src)
			}
		}
		if err := checkURL(on, ins[i], outs[i].src, o, claims); err != nil {
			return fmt.Errorf("source %d, %q to %q: %w", i, ins[i].src, outs[i].src, err)
		}
	}
	restored.WriteString(out[from:])
	if restored.String() != string(in) {
		return fmt.Errorf("other bytes changed:\n%s\n%s", in, restored.String())
	}
	return nil
}

// checkURL checks that a URL has a token of the claims, and leads to the source.
func checkURL(on *cdn.CDN, in slowSource, url string, o *slowOptions, claims token.Claims) error {
	rest, ok := strings.CutPrefix(url, on.URL)
	if !ok {
		return fmt.Errorf("it is not on %s", on.URL)
	}
	target, fragment, _ := strings.Cut(rest, "#")
	v, err := on.Keys.Verify(token.Request{
		URI: []byte(target), Now: max(now, int64(claims.NotBefore)), Client: claims.IP.Addr(),
	})
	if err != nil {
		return err
	}
	src := in.src
	if !strings.HasPrefix(src, "/") || strings.HasPrefix(src, "//") {
		_, src, _ = strings.Cut(src, "//")
		if i := strings.IndexByte(src, '/'); i >= 0 {
			src = src[i:]
		}
		if _, after, ok := strings.Cut(src, "/films/"); ok &&
			strings.Contains(in.src, "base.example.com/films/") {
			src = "/" + after
		}
	}
	whole, wantFragment, _ := strings.Cut(src, "#")
	path, query, _ := strings.Cut(whole, "?")
	want := string(uri.AppendPath(nil, []byte(percentEncode(path))))
	if query != "" {
		want += "?" + string(uri.AppendQuery(nil, []byte(percentEncode(query))))
	}
	if served := string(v.AppendURI(nil)); served != want {
		return fmt.Errorf("it leads to %q and not to %q", served, want)
	}
	if fragment != percentEncode(wantFragment) {
		return fmt.Errorf("its fragment is %q", fragment)
	}
	if claims.Depth = 0; in.streams(path) {
		directory := path[:strings.LastIndexByte(path, '/')+1]
		if o.Scope != nil {
			directory = *o.Scope
		}
		claims.Depth = strings.Count(directory, "/") - 1
	}
	if claims.IP.IsValid() { // its address is the client's, masked
		claims.IP = claims.IP.Masked()
		v.Claims.IP = v.Claims.IP.Masked()
	}
	if v.Claims != claims {
		return fmt.Errorf("its token says %+v and not %+v", v.Claims, claims)
	}
	return nil
}

// slowSource is a source of a video: its src, where that stands, and its type.
type slowSource struct {
	src, mediaType string
	start, end     int
}

// streams reports whether players take a source for a playlist. The lists of endings and types are
// the design's, once more.
func (s slowSource) streams(path string) bool {
	decoded, err := uri.Canonical(nil, []byte(percentEncode(path)))
	lower := strings.ToLower(string(decoded))
	last := lower[strings.LastIndexByte(lower, '/')+1:]
	for _, ending := range []string{".m3u8", ".m3u", ".mpd", ".ism/manifest"} {
		if err == nil && strings.HasSuffix(lower, ending) {
			return true
		}
	}
	if after, ok := strings.CutPrefix(last, "manifest(format="); ok && len(after) > 0 &&
		strings.HasSuffix(after, ")") {
		return true
	}
	kind, _, _ := strings.Cut(s.mediaType, ";")
	switch kind = asciiLower(strings.Trim(kind, " \t")); kind {
	case "application/dash+xml", "video/vnd.mpeg.dash.mpd", "application/vnd.ms-sstr+xml":
		return true
	}
	for _, tree := range []string{"application/", "audio/", "video/"} {
		for _, prefix := range []string{"", "x-", "vnd.apple."} {
			if kind == tree+prefix+"mpegurl" {
				return true
			}
		}
	}
	return false
}

func asciiLower(s string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r | 0x20
		}
		return r
	}, s)
}
