package mixture

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"videotoken/bench/internal/growth"
	"videotoken/bench/internal/measure"
	"videotoken/bench/internal/report"
	"videotoken/bench/internal/subject"
)

// others are the CDNs of every scheme but the default. The secrets are nobody's.
const others = `
  - {name: sha256, url: "https://s2.example", scheme: videotoken-sha256, keys: [{id: 20, secret: AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8}]}
  - {name: akamai, url: "https://ak.example", scheme: akamai, keys: [{secret_hex: 00112233445566778899aabbccddeeff}]}
  - {name: google-cloud-cdn, url: "https://gc.example", scheme: google-cloud-cdn, keys: [{id: k, secret: "nZtRohdNF9m3cKM24IcK4w=="}]}
  - {name: bunny, url: "https://bn.example", scheme: bunny, keys: [{secret: "nobodys-secret"}]}
  - {name: secure-link, url: "https://ng.example", scheme: secure-link, preset: nginx, weak: true, keys: [{secret: enigma}]}
  - {name: cat, url: "https://ct.example", scheme: cat, keys: [{id: 1, secret_hex: 11112222333344445555666677778888}]}
  - {name: google-media-cdn, url: "https://gm.example", scheme: google-media-cdn, keys: [{id: k, secret: "DJUcnLguVFKmVCFnWGubG1MZg7fWAnxacMjKDhVZMGI="}]}
  - {name: cloudfront, url: "https://cf.example", scheme: cloudfront, placement: query, keys: [{id: K1, private_key_file: %q}]}
`

// schemes are the names of the CDNs in others.
var schemes = []string{"sha256", "akamai", "google-cloud-cdn", "bunny", "secure-link", "cat",
	"google-media-cdn", "cloudfront"}

// settings stand before the CDNs. The cache of signatures is so small that it is soon full, and
// what is revoked is forgotten within a minute.
const settings = `signature_cache: %d
revocations: {file: %q}
cors: {origins: ["https://player.example"], max_age: %ds}
`

// every is how often something is done.
const every = 10 * time.Millisecond

// Mixture is what is done besides a load.
type Mixture struct {
	// the configuration as it is measured, and as the service reads it
	config, file, revoked, pem string
	p                          *subject.Process
	kinds                      int   // of steps
	done                       []int // how often, by step

	mu      sync.Mutex // of reloads
	reloads int
}

// New makes the configuration of a service in dir, and a body for the constant load that keeps it
// on the CDNs whose answers are checked. It changes both in service.
func New(ctx context.Context, service *measure.Service, binary, dir string) (*Mixture, error) {
	b, err := os.ReadFile(service.Config)
	if err != nil {
		return nil, err
	}
	m := &Mixture{config: string(b), file: filepath.Join(dir, "soak.yaml"),
		revoked: filepath.Join(dir, "revoked"),
		pem:     filepath.Join(dir, "cloudfront.pem")}
	m.kinds = len(m.steps())
	m.done = make([]int, m.kinds)
	out, err := exec.CommandContext(ctx, binary, "keygen", "-scheme", "cloudfront", "-out",
		m.pem).CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("a key: %w\n%s", err, out)
	}
	without := `{"token":{"exclude":["` + strings.Join(schemes, `","`) + `"]},`
	if err := service.SetBody(slices.Concat([]byte(without), service.Body[1:])); err != nil {
		return nil, err
	}
	service.Config = m.file
	return m, m.write()
}

// write writes the configuration. It is another one each time.
func (m *Mixture) write() error {
	const token = "leeway: 10s}\n"
	if strings.Count(m.config, token) != 1 {
		return fmt.Errorf("the configuration of the measurements does not have %q once", token)
	}
	text := fmt.Sprintf(settings, growth.SignatureCache, m.revoked, 600+m.reloads%2) +
		strings.Replace(m.config, token, "leeway: 10s, renew_grace: 1s}\n", 1) +
		fmt.Sprintf(others[1:], m.pem)
	return os.WriteFile(m.file, []byte(text), 0o600)
}

// Run does one thing after another to the service, until stop is closed. What is not answered as it
// has to be is an error.
func (m *Mixture) Run(ctx context.Context, p *subject.Process, stop <-chan struct{}) error {
	m.p = p
	if err := m.fill(ctx); err != nil {
		return err
	}
	steps := m.steps()
	tick := time.NewTicker(every)
	defer tick.Stop()
	const atOnce = 4 // a signature that is made keeps nobody waiting
	work := make(chan int)
	var all sync.WaitGroup
	var mu sync.Mutex
	var errs []error
	for range atOnce {
		all.Go(func() {
			for i := range work {
				step := steps[i%m.kinds]
				err := step.do(ctx, i)
				mu.Lock()
				if m.done[i%m.kinds]++; err != nil && len(errs) < 10 {
					errs = append(errs, fmt.Errorf("%s: %w", step.name, err))
				}
				mu.Unlock()
			}
		})
	}
	for i := 0; ; i++ {
		select {
		case <-stop:
			close(work)
			all.Wait()
			return errors.Join(errs...)
		case <-ctx.Done():
			close(work)
			all.Wait()
			return ctx.Err()
		case <-tick.C:
			work <- i
		}
	}
}

// Rows says how often each thing was done, as a table.
func (m *Mixture) Rows() [][]string {
	rows := [][]string{{"Beside the load", "Times"}}
	for i, s := range m.steps() {
		rows = append(rows, []string{s.name, report.Count(float64(m.done[i]))})
	}
	return rows
}
