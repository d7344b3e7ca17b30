package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"videotoken/bench/internal/measure"
	"videotoken/bench/internal/record"
	"videotoken/bench/internal/truth"
)

// shape is a request that differs from the baseline's in one thing, or a way in which it comes.
type shape struct {
	name        string
	most        float64 // how much of the plain one's CPU it may cost, 0 where there is no bound
	connections int     // 0: as many as the flag says
	headers     []string
	body        func(plain []byte) []byte // nil: the baseline's
	config      func(plain string) string // nil: the one of all measurements
	privateKey  bool                      // the configuration's %q is the file of a CloudFront key
	renews      bool                      // a URL that the service signed, at /video/renew
	// where the service listens for HAProxy, which terminates TLS; "" for none
	front     string
	unchecked bool // the answers are checked by their status alone

	missing string
	path    string
	file    string // of the configuration
	text    []byte // of the body
	answer  *truth.Answer
	runs    []*record.Result
}

// manySources is how many sources the largest document of a site has: limits.urls by default.
const manySources = 256

// allShapes returns all shapes, the plain one first: the others are compared with it.
func allShapes() []*shape {
	return []*shape{
		{name: "plain: the baseline's body, `bench`'s own head"},
		{name: "a browser's head of 4 KiB, with cookies", most: 1.5, headers: browserHead()},
		{name: "10,000 connections", most: 1.2, connections: 10_000},
		{name: fmt.Sprintf("%d sources", manySources), body: manyBody},
		{name: "Plyr's document: poster, thumbnails, tracks", body: plyrBody, unchecked: true,
			config: func(plain string) string { return "document: {urls: [plyr]}\n" + plain }},
		{name: "an HMAC scheme (Akamai)", most: 1.15, unchecked: true, config: onlyCDN(akamaiCDN)},
		{name: "a signature of RSA in the cache (CloudFront)", most: 1.5, unchecked: true,
			config: onlyCDN(cloudfrontCDN), privateKey: true},
		{name: "renewals: `/video/renew`", renews: true, unchecked: true},
		{name: "TLS by HAProxy in front, over TCP", front: "{listen}"},
		{name: "TLS by HAProxy in front, over a Unix socket", front: "{socket}"},
	}
}

// The CDNs of the other schemes. The secrets are nobody's, and the hosts as long as the plain
// ones'.
const (
	akamaiCDN = `  - {name: akamai, url: "https://d444.cdn.example", scheme: akamai,
     keys: [{secret_hex: 00112233445566778899aabbccddeeff}]}`
	cloudfrontCDN = `  - {name: cloudfront, url: "https://d555.cdn.example", scheme: cloudfront, placement: query,
     keys: [{id: K1, private_key_file: %q}]}`
)

// chooseShapes returns the plain shape, and the others that are wanted.
func chooseShapes(want func(*shape) bool) (chosen []*shape) {
	for i, s := range allShapes() {
		if i == 0 || want(s) {
			chosen = append(chosen, s)
		}
	}
	return chosen
}

// onlyCDN is a configuration with one CDN.
func onlyCDN(entry string) func(string) string {
	return func(plain string) string {
		before, _, _ := strings.Cut(plain, "cdns:\n")
		return before + "cdns:\n" + entry + "\n"
	}
}

// browserHead is what a browser sends from a page of a site with many cookies: 4 KiB in all.
func browserHead() []string {
	head := []string{
		"Accept: */*", "Accept-Encoding: gzip, deflate, br, zstd",
		"Accept-Language: en-GB,en;q=0.9,de;q=0.8",
		"Origin: https://player.example",
		"Referer: https://player.example/films/big-buck-bunny?autoplay=1",
		`Sec-Ch-Ua: "Chromium";v="140", "Not=A?Brand";v="24", "Google Chrome";v="140"`,
		"Sec-Ch-Ua-Mobile: ?0", `Sec-Ch-Ua-Platform: "Linux"`,
		"Sec-Fetch-Dest: empty", "Sec-Fetch-Mode: cors", "Sec-Fetch-Site: cross-site",
		"User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) " +
			"Chrome/140.0.0.0 Safari/537.36",
	}
	const ours = "POST /video/token HTTP/1.1\r\nHost: 127.0.0.1:30000\r\n" +
		"Connection: keep-alive\r\n" +
		"Content-Length: 283\r\n" + measure.JSON + "\r\nCookie: \r\n\r\n"
	size := len(ours)
	for _, line := range head {
		size += len(line + "\r\n")
	}
	var cookies []string
	for i := 0; size < 4<<10; i++ {
		c := fmt.Sprintf("_site_%02d=%064x", i, i*i)
		cookies = append(cookies, c)
		size += len(c + "; ")
	}
	return append(head, "Cookie: "+strings.Join(cookies, "; "))
}

func manyBody([]byte) []byte {
	sources := make([]string, manySources)
	for i := range sources {
		sources[i] = fmt.Sprintf(`{"src":"/films/big-buck-bunny/%03d.mp4","type":"video/mp4"}`, i)
	}
	return []byte(`{"video":{"sources":[` + strings.Join(sources, ",") + `]}}`)
}

// plyrBody is a document as Plyr takes it, in one line.
func plyrBody([]byte) []byte {
	return []byte(`{"video":{"videoId":7,"type":"video","title":"Example title",` +
		`"sources":[{"src":"/films/01/movie.mp4","type":"video/mp4","size":720},` +
		`{"src":"/films/02/movie.webm","type":"video/webm","size":1080}],"poster":"/films/03/poster.jpg",` +
		`"previewThumbnails":{"enabled":true,"src":"/films/04/thumbnails.vtt"},` +
		`"tracks":[{"kind":"captions","label":"English","srclang":"en","src":"/films/05/captions.en.vtt","default":true},` +
		`{"kind":"captions","label":"French","srclang":"fr","src":"/films/06/captions.fr.vtt"}]}}`)
}

// prepare writes the shape's configuration and makes its request.
func (s *shape) prepare(ctx context.Context, at *place) error {
	s.path, s.file, s.text = measure.Path, at.service.Config, at.service.Body
	if s.renews {
		s.path = "/video/renew"
	}
	if s.front != "" {
		s.missing = absent("haproxy")
	}
	if s.connections > 0 {
		if err := descriptors(s.connections); err != nil {
			s.missing = err.Error()
		}
	}
	if s.body != nil {
		s.text = s.body(s.text)
	}
	if s.config != nil {
		if err := s.configure(ctx, at); err != nil {
			return err
		}
	}
	if s.unchecked {
		return nil
	}
	config, err := truth.ReadConfig(s.file)
	if err != nil {
		return err
	}
	s.answer, err = truth.NewAnswer(config, s.text)
	return err
}

// configure writes the configuration, with a key where it needs one.
func (s *shape) configure(ctx context.Context, at *place) error {
	plain, err := os.ReadFile(s.file)
	if err != nil {
		return err
	}
	text := s.config(string(plain))
	if s.privateKey {
		pem := filepath.Join(at.dir, "cloudfront.pem")
		keygen := exec.CommandContext(ctx, at.binary, "keygen", "-scheme", "cloudfront", "-out",
			pem)
		if out, err := keygen.CombinedOutput(); err != nil {
			return fmt.Errorf("a key: %w\n%s", err, out)
		}
		text = fmt.Sprintf(text, pem)
	}
	f, err := os.CreateTemp(at.dir, "shape-*.yaml")
	if err != nil {
		return err
	}
	s.file = f.Name()
	if _, err := f.WriteString(text); err != nil {
		return err
	}
	return f.Close()
}
