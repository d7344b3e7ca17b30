package attack

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"videotoken/bench/internal/load"
	"videotoken/bench/internal/measure"
	"videotoken/bench/internal/report"
	"videotoken/bench/internal/subject"
)

const (
	// tokenTurn is how often all signatures expire together.
	tokenTurn = 5 * time.Second
	// afterTurn is how long after the turn the clients ask: the service's clock has whole seconds.
	afterTurn = 300 * time.Millisecond
	// signaturesRatio bounds the p99 of requests for another CDN, as a ratio to the quiet one.
	signaturesRatio = 5
)

// newSignatures is what one round of the signatures attack measured.
type newSignatures struct {
	quiet, fresh, turn latency
	asked              [2]Flooded // new films, and the same at the turn of a window
	misses, stale      float64    // answers that waited, and that have the last window's signatures
}

// signatures has many connections ask at once for films of a CDN whose signatures are expensive,
// first for new ones, and then for the same when all signatures have just expired. Meanwhile others
// ask for a film of another CDN.
func (s *Site) signatures(ctx context.Context) error {
	dir, err := os.MkdirTemp("", "signatures-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	site := *s
	if err := site.withCloudFront(dir); err != nil {
		return err
	}
	p, err := site.Service.Start(ctx, site.Binary)
	if err != nil {
		return err
	}
	defer p.Stop()
	site.Rate = measure.Open().Rate
	var rounds []newSignatures
	for i := range s.Rounds {
		r, err := site.askForFilms(ctx, p, i)
		if err != nil {
			return err
		}
		rounds = append(rounds, r)
		fmt.Fprintf(s.Out, "round %d, p99: quiet %v, new films %v, at the turn of a window %v\n",
			i+1, r.quiet.p99, r.fresh.p99, r.turn.p99)
	}
	site.judgeSignatures(rounds)
	s.broken = site.broken
	return nil
}

// withCloudFront gives the site a configuration with one CDN more, whose signatures are expensive,
// and with short windows. The well-behaved requests are for the others.
func (s *Site) withCloudFront(dir string) error {
	text, err := os.ReadFile(s.Service.Config)
	if err != nil {
		return err
	}
	own := tokenLine.ReplaceAllLiteralString(string(text),
		fmt.Sprintf("token: {ttl: %v, round: %v}", 4*tokenTurn, tokenTurn))
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	pemFile := filepath.Join(dir, "key.pem")
	ownFile, bothFile := filepath.Join(dir, "own.yaml"), filepath.Join(dir, "both.yaml")
	for name, content := range map[string]string{
		pemFile: string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})),
		ownFile: own,
		bothFile: own + fmt.Sprintf("  - name: films\n    url: https://films.example\n"+
			"    scheme: cloudfront\n"+
			"    keys: [{id: K2JCJMDEHXQW5F, private_key_file: %q}]\n", pemFile),
	} {
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			return err
		}
	}
	service := *s.Service
	s.Service = &service
	service.Config = ownFile
	body := strings.Replace(string(service.Body), "{", `{"token":{"exclude":["films"]},`, 1)
	if err := service.SetBody([]byte(body)); err != nil {
		return err
	}
	service.Config = bothFile
	return nil
}

var tokenLine = regexp.MustCompile(`(?m)^token: .*$`)

// askForFilms runs one round against a service.
func (s *Site) askForFilms(ctx context.Context, p *subject.Process,
	number int) (r newSignatures, err error) {
	t, err := load.NewTarget("POST", p.URL+measure.Path, []string{measure.JSON},
		fmt.Appendf(nil, `{"token":{"cdn":"films"},"video":{"sources":[{"src":"/%d/%s.mp4"}]}}`,
			number, filmDigits))
	if err != nil {
		return r, err
	}
	f, err := s.flood(ctx,
		Flood{URL: p.URL, Request: t.Request, Connections: s.Films, Manner: Burst})
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, f.end()) }()
	before, err := subject.Scrape(ctx, p.Admin)
	if err != nil {
		return r, err
	}
	// The films are asked for as a window begins, so that their signatures are made within it.
	if err := atTurn(ctx); err != nil {
		return r, err
	}
	if r.fresh, r.asked[0], err = s.goodBeside(ctx, p, f); err != nil {
		return r, err
	}
	if r.quiet, err = s.good(ctx, p, s.Duration); err != nil {
		return r, err
	}
	if err := atTurn(ctx); err != nil {
		return r, err
	}
	if r.turn, r.asked[1], err = s.goodBeside(ctx, p, f); err != nil {
		return r, err
	}
	after, err := subject.Scrape(ctx, p.Admin)
	r.misses = after[missesTotal] - before[missesTotal]
	r.stale = after[staleTotal] - before[staleTotal]
	return r, err
}

// The metrics that say what the service did.
const (
	missesTotal = "videotoken_signature_misses_total"
	staleTotal  = "videotoken_signature_stale_total"
)

// goodBeside runs the well-behaved load while the clients of a burst ask as its window begins.
func (s *Site) goodBeside(ctx context.Context, p *subject.Process,
	f *flooder) (latency, Flooded, error) {
	var asked Flooded
	done := make(chan error, 1)
	l, err := s.goodWhile(ctx, p, s.Duration, func() {
		go func() {
			var err error
			asked, err = f.burst()
			done <- err
		}()
	})
	if err != nil {
		return l, asked, err
	}
	return l, asked, <-done
}

// atTurn waits for the turn of a window.
func atTurn(ctx context.Context) error {
	now := time.Now()
	select {
	case <-time.After(now.Truncate(tokenTurn).Add(tokenTurn + afterTurn).Sub(now)):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// judgeSignatures prints the medians of the rounds and checks the bounds.
func (s *Site) judgeSignatures(rounds []newSignatures) {
	quiet := func(r newSignatures) latency { return r.quiet }
	fresh := func(r newSignatures) latency { return r.fresh }
	turn := func(r newSignatures) latency { return r.turn }
	rows := [][]string{{"requests for another CDN", "p50", "p99", "own lag p99"}}
	row := func(name string, of func(newSignatures) latency) {
		rows = append(rows, []string{name,
			text(median(rounds, func(r newSignatures) float64 { return float64(of(r).p50) })),
			text(median(rounds, func(r newSignatures) float64 { return float64(of(r).p99) })),
			text(median(rounds, func(r newSignatures) float64 { return float64(of(r).lag) }))})
	}
	row("quiet", quiet)
	row(fmt.Sprintf("beside %d new films at once", s.Films), fresh)
	row("beside the same at the turn of a window", turn)
	report.Table(s.Out, rows)
	s.judgeAnswers("new films", rounds, 0)
	s.judgeAnswers("the turn of a window", rounds, 1)
	waited := median(rounds, func(r newSignatures) float64 { return r.misses })
	stale := median(rounds, func(r newSignatures) float64 { return r.stale })
	s.bound(waited == float64(s.Films), "new films: %v signatures were waited for; %d must be",
		waited, s.Films)
	s.bound(stale == float64(s.Films), "the turn of a window: %v answers have the last window's "+
		"signature; %d must", stale, s.Films)
	s.judgeOthers("new films", rounds, fresh)
	s.judgeOthers("the turn of a window", rounds, turn)
	fmt.Fprintln(s.Out)
}

// judgeAnswers checks what the clients of the bursts got.
func (s *Site) judgeAnswers(name string, rounds []newSignatures, burst int) {
	var signed, full, other int64
	for _, r := range rounds {
		signed += r.asked[burst].Answers
		for what, n := range r.asked[burst].Failed {
			if what == refusedFull {
				full += n
			} else {
				other += n
			}
		}
	}
	took := median(rounds, func(r newSignatures) float64 { return r.asked[burst].Seconds })
	s.bound(other == 0, "%s: %d answers are 200, %d are 503 of the full queue, %d are neither; "+
		"none may be. The last came after %.2f s",
		name, signed, full, other, took)
}

// judgeOthers checks what others saw meanwhile.
func (s *Site) judgeOthers(name string, rounds []newSignatures, of func(newSignatures) latency) {
	ratio := median(rounds, func(r newSignatures) float64 {
		return float64(of(r).p99) / float64(max(r.quiet.p99, 1))
	})
	var failed int64
	for _, r := range rounds {
		failed += of(r).failed
	}
	s.bound(ratio <= signaturesRatio, "%s: p99 is %.3g x the quiet one; at most %d x", name, ratio,
		signaturesRatio)
	s.bound(failed == 0, "%s: %d well-behaved requests without a right answer within %v; "+
		"none may be", name, failed, patience)
}
