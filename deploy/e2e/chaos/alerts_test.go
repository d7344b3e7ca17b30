package chaos

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"videotoken/deploy/e2e/stack"
	"videotoken/deploy/e2e/stacktest"
)

// duration is a duration in a rule: how long an alert waits, a range, its step, or an offset.
var duration = regexp.MustCompile(`(for: |offset |\[|:)(\d+)([mhd])\b`)

// hurry shortens the durations of rules, and nothing else of them: a minute becomes a second, an hour
// five seconds, and a day a second. The 60 s for which revocations may be unknown, which is no
// duration of PromQL, become 3.
func hurry(t *testing.T, rules string) string {
	t.Helper()
	const limit = "videotoken_revoked_synced_timestamp_seconds > 60\n"
	if strings.Count(rules, limit) != 1 {
		t.Fatalf("the rules do not have %q once", limit)
	}
	rules = strings.Replace(rules, limit, strings.Replace(limit, "60", "3", 1), 1)
	return duration.ReplaceAllStringFunc(rules, func(d string) string {
		m := duration.FindStringSubmatch(d)
		n, err := strconv.Atoi(m[2])
		if err != nil {
			t.Fatal(err)
		}
		if m[3] == "h" {
			n *= 5
		}
		return fmt.Sprintf("%s%ds", m[1], n)
	})
}

// site is what the alerts watch.
type site struct {
	t                  *testing.T
	redis              *stack.Redis
	shared, busy, calm *stack.Cluster // with Redis; with all that has limits; and nothing happens to it
	prometheus         *stack.Prometheus
	loads              []*stack.Load
}

// newSite starts two instances with Redis, one that has limits, and one that nothing happens to.
func newSite(t *testing.T) *site {
	s := &site{t: t, redis: newRedis(t)}
	pem, pipe := filepath.Join(t.TempDir(), "pem"), ""
	if out, err := exec.Command(binary, "keygen", "-scheme", "cloudfront", "-out", pem).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	secret, err := exec.Command(binary, "keygen", "-secret-only").Output()
	if err != nil {
		t.Fatal(err)
	}
	pipe, _ = newPipe(t)
	s.shared = newCluster(t, stack.ClusterOptions{Instances: 2, Redis: s.redis})
	s.calm = newCluster(t, stack.ClusterOptions{Instances: 1})
	s.busy = newCluster(t, stack.ClusterOptions{
		Instances: 1, Binary: withClock(t), Under: logTo(pipe), Lines: logged + "limits: {connections: 200}\n",
		CDNs: []string{
			fmt.Sprintf(`{name: cf, url: "https://cf.example", scheme: cloudfront, keys: [{id: K1, private_key_file: %q}]}`, pem),
			fmt.Sprintf(`{name: reports, url: "https://reports.example", enforce: false, weight: 0, keys: [{id: 900, secret: %s}]}`,
				strings.TrimSpace(string(secret))),
		},
	})
	rules, err := os.ReadFile(filepath.Join(root, "deploy/prometheus/videotoken.rules.yml"))
	if err != nil {
		t.Fatal(err)
	}
	var targets []string
	for _, c := range []*stack.Cluster{s.shared, s.busy, s.calm} {
		for _, in := range c.Instances {
			targets = append(targets, in.Admin)
		}
	}
	s.prometheus, err = stack.NewPrometheus(hurry(t, string(rules)), targets...)
	stacktest.Close(t, s.prometheus)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// load keeps a load up until the alert has fired. What fails is no business of this test.
func (s *site) load(n int, ask func(*http.Client) error) error {
	load := &stack.Load{}
	load.Start(n, ask)
	s.loads = append(s.loads, load)
	return nil
}

// rest ends the loads.
func (s *site) rest() {
	for _, load := range s.loads {
		load.Stop()
	}
	s.loads = nil
}

// busyAt is the instance to which the most happens.
func (s *site) busyAt() *stack.Instance { return s.busy.Instances[0] }

// signing asks the busy instance for so many URLs that each need an expensive signature.
func (s *site) signing(urls int) func(*http.Client) error {
	return func(client *http.Client) error {
		var sources []string
		for i := range urls {
			sources = append(sources, fmt.Sprintf(`{"src":"/%d/%d.mp4"}`, time.Now().UnixNano(), i))
		}
		body := `{"token":{"cdn":"cf"},"video":{"sources":[` + strings.Join(sources, ",") + `]}}`
		res, err := client.Post("http://"+s.busyAt().Addr+"/video/token", "application/json", strings.NewReader(body))
		if err != nil {
			return err
		}
		_, err = io.Copy(io.Discard, res.Body)
		return errors.Join(err, res.Body.Close())
	}
}

// verifying asks the busy instance about a URL of a CDN.
func (s *site) verifying(cdn, uri string) func(*http.Client) error {
	return func(client *http.Client) error {
		_, err := stack.VerifyAt(client, s.busyAt().Addr, cdn, uri)
		return err
	}
}

// alert is an alert of the rules and what makes it fire: at an instance, if at is not nil.
type alert struct {
	name  string
	at    func(s *site) *stack.Instance
	cause func(s *site) error
}

// sharedAlerts fire at the instances with Redis, in this order.
var sharedAlerts = []alert{
	{"VideotokenDown", first, func(s *site) error { return first(s).Kill() }},
	{"VideotokenRevocationsRefused", second, func(s *site) error {
		if err := s.redis.Kill(); err != nil {
			return err
		}
		status, err := revoke(second(s), 1)
		if err == nil && status != http.StatusServiceUnavailable {
			err = fmt.Errorf("revoking without Redis: %d", status)
		}
		return err
	}},
	{"VideotokenRevocationsNotSynced", second, func(*site) error { return nil }}, // Redis is gone
	{"VideotokenRevocationsNotLoaded", first, func(s *site) error { return s.shared.Boot(first(s)) }},
	{"VideotokenErrors", first, func(s *site) error {
		uri, err := stack.Sign(http.DefaultClient, second(s).Addr, `"session":"0000000000000002"`)
		if err != nil {
			return err
		}
		return s.load(2, func(client *http.Client) error {
			_, err := stack.Verify(client, first(s).Addr, uri) // 503: the sessions are not loaded
			return err
		})
	}},
}

// busyAlerts fire at the instance that has limits, in this order.
var busyAlerts = []alert{
	{"VideotokenReloadFailed", (*site).busyAt, func(s *site) error { return s.busyAt().Spoil() }},
	{"VideotokenConnectionsNearLimit", (*site).busyAt, func(s *site) error {
		for range 170 {
			c, err := net.Dial("tcp", s.busyAt().Addr)
			if err != nil {
				return err
			}
			s.t.Cleanup(func() { _ = c.Close() })
		}
		return nil
	}},
	{"VideotokenLogsDropped", (*site).busyAt, func(s *site) error {
		return s.load(clients, s.verifying("own", "/films/a.mp4")) // each has a line, and nobody reads the log
	}},
	{"VideotokenRefusalsJump", nil, func(s *site) error {
		uri, err := stack.Sign(http.DefaultClient, second(s).Addr, "") // of a key that the busy instance does not have
		if err != nil {
			return err
		}
		return s.load(2, s.verifying("own", uri))
	}},
	{"VideotokenWouldRefuse", nil, func(s *site) error { return s.load(1, s.verifying("reports", "/films/a.mp4")) }},
	{"VideotokenPanics", (*site).busyAt, func(s *site) error {
		if err := s.busyAt().BreakClock(); err != nil {
			return err
		}
		if uri, err := stack.Sign(http.DefaultClient, s.busyAt().Addr, `"cdn":"own"`); err == nil {
			return fmt.Errorf("no panic: %s", uri)
		}
		return s.busyAt().SetClock(0)
	}},
	{"VideotokenSigningKeyOld", nil, func(s *site) error {
		// Since the key signs, 91 days went by: the service started when its clock was so far behind.
		in := s.busyAt()
		if err := in.SetClock(-91 * 24 * time.Hour); err != nil {
			return err
		}
		if err := s.busy.UseKeys(in, 2); err != nil {
			return err
		}
		return in.SetClock(0)
	}},
	{"VideotokenSignaturesRefused", (*site).busyAt, func(s *site) error { return s.load(8, s.signing(200)) }},
	{"VideotokenSlow", (*site).busyAt, func(s *site) error { return s.load(32, s.signing(8)) }},
}

func first(s *site) *stack.Instance  { return s.shared.Instances[0] }
func second(s *site) *stack.Instance { return s.shared.Instances[1] }

// await waits until an expression has samples.
func (s *site) await(expr string) ([]stack.Sample, error) {
	for end := time.Now().Add(90 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		samples, err := s.prometheus.Query(expr)
		if len(samples) > 0 || time.Now().After(end) { // it answers 503 until it is ready
			return samples, err
		}
	}
}

// firing are the alerts with labels that fire, or did.
const firing = `last_over_time(ALERTS{alertstate="firing"%s}[1h])`

// fire has each alert fire, one after another.
func (s site) fire(t *testing.T, alerts []alert) {
	s.t, s.loads = t, nil // its own
	t.Cleanup(s.rest)
	for _, a := range alerts {
		began := time.Now()
		if err := a.cause(&s); err != nil {
			t.Fatalf("%s: %v", a.name, err)
		}
		labels := fmt.Sprintf(`,alertname=%q`, a.name)
		if a.at != nil {
			labels += fmt.Sprintf(`,instance=%q`, a.at(&s).Admin)
		}
		samples, err := s.await(fmt.Sprintf(firing, labels))
		if s.rest(); err != nil || len(samples) == 0 {
			t.Errorf("%s does not fire: %v", a.name, err)
			continue
		}
		t.Logf("%s fires, after %v", a.name, time.Since(began).Round(time.Second))
	}
}

// TestAlerts has each alert of deploy/prometheus fire once, in a Prometheus that scrapes instances to
// which something happens. Before, none fires, and none ever does at the instance to which nothing
// happens.
func TestAlerts(t *testing.T) {
	s := newSite(t)
	var calm stack.Load
	calm.Start(2, viewing(s.calm))
	t.Cleanup(calm.Stop)
	if samples, err := s.await(`count(count_over_time(up{job="videotoken"}[30s]) >= 8) == 4`); err != nil || len(samples) == 0 {
		t.Fatalf("Prometheus scrapes nothing: %v", err)
	}
	// Before the first scrape there is no instance, which is an alert too: it is over.
	if samples, err := s.prometheus.Query(`ALERTS{alertstate="firing"}`); err != nil || len(samples) > 0 {
		t.Fatalf("at rest: %v, %v", samples, err)
	}
	t.Run("fire", func(t *testing.T) {
		for name, alerts := range map[string][]alert{"shared": sharedAlerts, "busy": busyAlerts} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				s.fire(t, alerts)
			})
		}
	})
	samples, err := s.prometheus.Query(fmt.Sprintf(firing, fmt.Sprintf(`,instance=%q`, s.calm.Instances[0].Admin)))
	if err != nil || len(samples) > 0 {
		t.Errorf("where nothing happened: %v, %v", samples, err)
	}

	rules, err := os.ReadFile(filepath.Join(root, "deploy/prometheus/videotoken.rules.yml"))
	if err != nil {
		t.Fatal(err)
	}
	var names, caused []string
	for _, m := range regexp.MustCompile(`(?m)^ *- alert: (\w+)$`).FindAllStringSubmatch(string(rules), -1) {
		names = append(names, m[1])
	}
	for _, a := range slices.Concat(sharedAlerts, busyAlerts) {
		caused = append(caused, a.name)
	}
	if slices.Sort(names); !slices.Equal(names, slices.Sorted(slices.Values(caused))) {
		t.Errorf("the alerts are %v, and those that are made to fire are %v", names, caused)
	}
}
