package chaos

import (
	"fmt"
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

// hurry shortens the durations of rules, and nothing else of them: a minute becomes a second, an
// hour five seconds, and a day a second. The 60 s for which revocations may be unknown, which is no
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
	t     *testing.T
	redis *stack.Redis
	// with Redis; with all that has limits; and nothing happens to it
	shared, busy, calm *stack.Cluster
	prometheus         *stack.Prometheus
	loads              []*stack.Load
}

// newSite starts two instances with Redis, one that has limits, and one that nothing happens to.
func newSite(t *testing.T) *site {
	s := &site{t: t, redis: newRedis(t)}
	pem := filepath.Join(t.TempDir(), "pem")
	if out, err := exec.Command(binary, "keygen", "-scheme", "cloudfront", "-out",
		pem).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	secret, err := exec.Command(binary, "keygen", "-secret-only").Output()
	if err != nil {
		t.Fatal(err)
	}
	pipe, _ := newPipe(t)
	s.shared = newCluster(t, stack.ClusterOptions{Instances: 2, Redis: s.redis})
	s.calm = newCluster(t, stack.ClusterOptions{Instances: 1})
	s.busy = newCluster(t, stack.ClusterOptions{
		Instances: 1, Binary: withClock(t), Under: logTo(pipe),
		Lines: logged + "limits: {connections: 200}\n",
		CDNs: []string{
			fmt.Sprintf(`{name: cf, url: "https://cf.example", scheme: cloudfront, `+
				`keys: [{id: K1, private_key_file: %q}]}`, pem),
			fmt.Sprintf(`{name: reports, url: "https://reports.example", enforce: false, weight: 0, `+
				`keys: [{id: 900, secret: %s}]}`, strings.TrimSpace(string(secret))),
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

// await waits until an expression has samples.
func (s *site) await(expr string) ([]stack.Sample, error) {
	return s.until(expr, func(samples []stack.Sample, _ error) bool { return len(samples) > 0 })
}

// until evaluates an expression until its result is as wanted.
func (s *site) until(expr string, wanted func([]stack.Sample, error) bool) ([]stack.Sample, error) {
	for end := time.Now().Add(90 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		samples, err := s.prometheus.Query(expr)
		if wanted(samples, err) || time.Now().After(end) { // it answers 503 until it is ready
			return samples, err
		}
	}
}

const (
	fires = `ALERTS{alertstate="firing"%s}`     // the alerts with labels that fire now
	fired = `last_over_time(` + fires + `[1h])` // and those that did
)

// fire has each alert fire, one after another, where it did not before its cause.
func (s site) fire(t *testing.T, alerts []alert) {
	s.t, s.loads = t, nil // its own
	t.Cleanup(s.rest)
	for _, a := range alerts {
		labels := fmt.Sprintf(`,alertname=%q`, a.name)
		if a.at != nil {
			labels += fmt.Sprintf(`,instance=%q`, a.at(&s).Admin)
		}
		began, expr := time.Now(), fmt.Sprintf(fires, labels)
		if a.cause != nil {
			samples, err := s.until(expr, func(samples []stack.Sample, err error) bool {
				return err == nil && len(samples) == 0
			})
			if err != nil || len(samples) > 0 {
				t.Errorf("%s fires before its cause: %v, %v", a.name, samples, err)
				continue
			}
			began = time.Now()
			if err := a.cause(&s); err != nil {
				t.Fatalf("%s: %v", a.name, err)
			}
		}
		samples, err := s.await(expr)
		if s.rest(); err != nil || len(samples) == 0 {
			t.Errorf("%s does not fire: %v", a.name, err)
			continue
		}
		t.Logf("%s fires, after %v", a.name, time.Since(began).Round(time.Second))
	}
}

// TestAlerts has each alert of deploy/prometheus fire once, in a Prometheus that scrapes instances
// to which something happens. Before, none fires, and none ever does at the instance to which
// nothing happens.
func TestAlerts(t *testing.T) {
	s := newSite(t)
	var calm stack.Load
	calm.Start(2, viewing(s.calm))
	t.Cleanup(calm.Stop)
	samples, err := s.await(`count(count_over_time(up{job="videotoken"}[30s]) >= 8) == 4`)
	if err != nil || len(samples) == 0 {
		t.Fatalf("Prometheus scrapes nothing: %v", err)
	}
	// A machine that is busy with something else may be down for a second, or slow.
	const timeless = `,alertname!~"VideotokenDown|VideotokenSlow"`
	if samples, err := s.prometheus.Query(fmt.Sprintf(fired, timeless)); err != nil ||
		len(samples) > 0 {
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
	calmly := fmt.Sprintf(`,instance=%q`, s.calm.Instances[0].Admin) + timeless
	samples, err = s.prometheus.Query(fmt.Sprintf(fired, calmly))
	if err != nil || len(samples) > 0 {
		t.Errorf("where nothing happened: %v, %v", samples, err)
	}

	rules, err := os.ReadFile(filepath.Join(root, "deploy/prometheus/videotoken.rules.yml"))
	if err != nil {
		t.Fatal(err)
	}
	var names, caused []string
	for _, m := range regexp.MustCompile(`(?m)^ *- alert: (\w+)$`).FindAllStringSubmatch(string(rules),
		-1) {
		names = append(names, m[1])
	}
	for _, a := range slices.Concat(sharedAlerts, busyAlerts) {
		caused = append(caused, a.name)
	}
	if slices.Sort(names); !slices.Equal(names, slices.Sorted(slices.Values(caused))) {
		t.Errorf("the alerts are %v, and those that are made to fire are %v", names, caused)
	}
}
