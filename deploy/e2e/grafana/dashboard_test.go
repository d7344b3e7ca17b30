package grafana

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"videotoken/deploy/e2e/stack"
)

// dashboard is what is read of Grafana's JSON.
type dashboard struct {
	Title, UID string
	Templating struct {
		List []struct{ Name, Type, Definition, AllValue string }
	}
	Panels []panel
}

type panel struct {
	ID                       int
	Type, Title, Description string
	GridPos                  struct{ H, W, X, Y int }
	FieldConfig              struct{ Defaults struct{ Unit string } }
	Targets                  []struct{ RefID, Expr, LegendFormat string }
}

func read(t *testing.T) (d dashboard) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(root, "deploy/grafana/videotoken.json"))
	if err == nil {
		err = json.Unmarshal(b, &d)
	}
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// charts returns the panels with queries: all but the headings.
func (d dashboard) charts() []panel {
	return slices.DeleteFunc(slices.Clone(d.Panels), func(p panel) bool { return p.Type == "row" })
}

// TestPanels: panels have ids of their own and do not overlap, and each says what it shows and in
// which unit.
func TestPanels(t *testing.T) {
	d := read(t)
	ids, cells := map[int]string{}, map[[2]int]string{}
	for _, p := range d.Panels {
		if ids[p.ID] != "" || p.ID == 0 || p.Title == "" {
			t.Errorf("%q and %q have the id %d", p.Title, ids[p.ID], p.ID)
		}
		ids[p.ID] = p.Title
		for x := range p.GridPos.W {
			for y := range p.GridPos.H {
				at := [2]int{p.GridPos.X + x, p.GridPos.Y + y}
				if cells[at] != "" || at[0] >= 24 {
					t.Fatalf("%q is over %q, or over the edge", p.Title, cells[at])
				}
				cells[at] = p.Title
			}
		}
	}
	for _, v := range d.Templating.List {
		// "All" is the jobs that are listed. With a value of its own, the panels of go_ and process_
		// metrics would show every program that Prometheus scrapes.
		if v.AllValue != "" {
			t.Errorf("all of %s is %q", v.Name, v.AllValue)
		}
	}
	if len(d.charts()) < 20 || d.UID == "" {
		t.Errorf("%d panels, uid %q", len(d.charts()), d.UID)
	}
	for _, p := range d.charts() {
		if len(p.Description) < 20 || p.FieldConfig.Defaults.Unit == "" || len(p.Targets) == 0 {
			t.Errorf("%q: description %q, unit %q, %d queries", p.Title, p.Description,
				p.FieldConfig.Defaults.Unit, len(p.Targets))
		}
		refs := map[string]bool{}
		for _, q := range p.Targets {
			if refs[q.RefID] || q.RefID == "" || q.LegendFormat == "" && p.Type != "table" {
				t.Errorf("%q: a query has the letter %q and the legend %q", p.Title, q.RefID, q.LegendFormat)
			}
			refs[q.RefID] = true
			// These give data where a metric is not there.
			if regexp.MustCompile(`\b(or|unless|absent|vector)\b`).MatchString(q.Expr) {
				t.Errorf("%q: %s could hide that a metric is not there", p.Title, q.Expr)
			}
		}
	}
}

// variables are the dashboard's and Grafana's own, as they are over a range of a few seconds.
var variables = strings.NewReplacer("$__rate_interval", "10s", "$job", "videotoken")

// values evaluates a query. It is an error if there is no data or if a value is not a number.
func values(p *stack.Prometheus, expr string) error {
	samples, err := p.Query(variables.Replace(expr))
	if err != nil {
		return err
	}
	if len(samples) == 0 {
		return fmt.Errorf("no data")
	}
	for _, s := range samples {
		if math.IsNaN(s.Value) || math.IsInf(s.Value, 0) {
			return fmt.Errorf("%v is %v", s.Labels, s.Value)
		}
	}
	return nil
}

// await waits until a query has values.
func await(p *stack.Prometheus, expr string) (err error) {
	for until := time.Now().Add(time.Minute); time.Now().Before(until); time.Sleep(
		100 * time.Millisecond) {
		if err = values(p, expr); err == nil {
			return nil
		}
	}
	return err
}

// TestQueries: every query of every panel has values, in a Prometheus that scrapes a service under
// load; and every metric of the service is on a panel.
func TestQueries(t *testing.T) {
	s, apiKey := service(t)
	p, err := stack.NewPrometheus("", s.Admin)
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	c := &client{Stack: s, apiKey: apiKey}
	if err := c.spoil(); err != nil {
		t.Fatal(err)
	}
	c.load(t)

	d, n := read(t), 0
	for _, panel := range d.charts() {
		for _, q := range panel.Targets {
			n++
			if err := await(p, q.Expr); err != nil {
				t.Errorf("%q: %s: %v", panel.Title, q.Expr, err)
			}
		}
	}
	t.Logf("%d queries of %d panels", n, len(d.charts()))
	if t.Failed() {
		return
	}

	// What the load did is in what the panels show, route by route and reason by reason.
	for _, expr := range []string{
		`count(sum by (route) (rate(videotoken_requests_total[10s])) > 0) == 8`,
		`rate(videotoken_signature_hits_total[10s]) > 0`,
		`rate(videotoken_signature_misses_total[10s]) > 0`,
		`rate(videotoken_renewals_total{reason="ok"}[10s]) > 0`, `videotoken_revoked_sessions > 0`,
		`rate(videotoken_would_refuse_total{reason="missing"}[10s]) > 0`,
		`videotoken_config_reloads_total{result="failure"} > 0`,
		`rate(videotoken_caller_refusals_total{caller=""}[10s]) > 0`,
		`rate(videotoken_caller_refusals_total{caller="catalogue"}[10s]) > 0`,
	} {
		if err := await(p, expr); err != nil {
			t.Errorf("%s: %v", expr, err)
		}
	}

	// The same queries without the metrics that they name have none.
	for _, panel := range d.charts() {
		for _, q := range panel.Targets {
			for _, name := range names(q.Expr) {
				if err := values(p, strings.ReplaceAll(q.Expr, name, name+"_gone")); err == nil {
					t.Errorf("%q: %s has values without %s", panel.Title, q.Expr, name)
				}
			}
		}
	}
	every(t, s.Admin, d)
	for _, v := range d.Templating.List {
		if v.Type != "query" {
			continue
		}
		found := regexp.MustCompile(`^label_values\((\w+), (\w+)\)$`).FindStringSubmatch(v.Definition)
		if found == nil {
			t.Fatalf("the variable %s is %q", v.Name, v.Definition)
		}
		if got, err := p.LabelValues(found[2], found[1]); err != nil ||
			!slices.Equal(got, []string{"videotoken"}) {
			t.Errorf("the variable %s: %q, %v", v.Name, got, err)
		}
	}
}

// names returns the metrics that a query names.
func names(expr string) []string {
	return regexp.MustCompile(`\b(?:videotoken|go|process)_\w+`).FindAllString(
		regexp.MustCompile(`by \([^)]*\)`).ReplaceAllString(expr, ""), -1)
}

// every reports the metrics of the service that are on no panel.
func every(t *testing.T, admin string, d dashboard) {
	t.Helper()
	shown := map[string]bool{}
	for _, p := range d.charts() {
		for _, q := range p.Targets {
			for _, name := range names(q.Expr) {
				shown[strings.TrimSuffix(name, "_bucket")] = true
			}
		}
	}
	res, err := http.Get("http://" + admin + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var text strings.Builder
	if err := res.Write(&text); err != nil {
		t.Fatal(err)
	}
	all := regexp.MustCompile(`(?m)^# TYPE (videotoken_\w+) `).FindAllStringSubmatch(text.String(), -1)
	if len(all) < 20 {
		t.Fatalf("%d metrics", len(all))
	}
	for _, m := range all {
		if !shown[m[1]] {
			t.Errorf("no panel shows %s", m[1])
		}
	}
}
