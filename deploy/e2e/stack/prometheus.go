package stack

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Prometheus is a running Prometheus that scrapes services each second, as the job videotoken.
type Prometheus struct {
	dir, addr string
	program   *Program
	release   func() error
}

// Sample is one series of an answer: its labels and its value.
type Sample struct {
	Labels map[string]string
	Value  float64
}

const scrapeConfig = `global: {scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}
rule_files: [rules.yml]
scrape_configs:
  - job_name: videotoken
    static_configs: [{targets: [%s]}]
`

// NewPrometheus starts a Prometheus that scrapes admin listeners. rules is a file of alerts, "" for
// none. Close ends the Prometheus, also after NewPrometheus failed.
func NewPrometheus(rules string, targets ...string) (*Prometheus, error) {
	dir, err := os.MkdirTemp("", "videotoken-prometheus-")
	p := &Prometheus{dir: dir}
	if err != nil {
		return p, err
	}
	if p.addr, p.release, err = ReservePort(); err != nil {
		return p, err
	}
	file := filepath.Join(dir, "prometheus.yml")
	if err := os.WriteFile(file, fmt.Appendf(nil, scrapeConfig, strings.Join(targets, ", ")),
		0o644); err != nil {
		return p, err
	}
	if err := os.WriteFile(filepath.Join(dir, "rules.yml"), []byte(rules), 0o644); err != nil {
		return p, err
	}
	if p.program, err = Start(dir, "prometheus", nil, "prometheus", "--config.file="+file,
		"--storage.tsdb.path="+filepath.Join(dir, "data"),
		"--web.listen-address="+p.addr); err != nil {
		return p, err
	}
	return p, p.program.awaitListener(p.addr)
}

// Query evaluates an expression now. An expression without data has no samples.
func (p *Prometheus) Query(expr string) (samples []Sample, err error) {
	var vector []struct {
		Metric map[string]string
		Value  [2]any // a time, and the value as a string
	}
	if err := p.get("/api/v1/query?"+url.Values{"query": {expr}}.Encode(), &vector); err != nil {
		return nil, err
	}
	for _, v := range vector {
		text, _ := v.Value[1].(string)
		value, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return nil, err
		}
		samples = append(samples, Sample{v.Metric, value})
	}
	return samples, nil
}

// LabelValues returns the values of a label in the series of a metric.
func (p *Prometheus) LabelValues(label, metric string) (values []string, err error) {
	return values, p.get("/api/v1/label/"+label+"/values?"+url.Values{"match[]": {metric}}.Encode(),
		&values)
}

// get asks the API and decodes the data of its answer. A vector's data is its result.
func (p *Prometheus) get(target string, data any) error {
	res, err := http.Get("http://" + p.addr + target)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	var answer struct {
		Status, Error string
		Data          json.RawMessage
	}
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil {
		return err
	}
	if answer.Status != "success" {
		return fmt.Errorf("%s: %s", res.Status, answer.Error)
	}
	var vector struct {
		ResultType string
		Result     json.RawMessage
	}
	if json.Unmarshal(answer.Data, &vector) == nil && vector.ResultType != "" {
		if vector.ResultType != "vector" {
			return fmt.Errorf("the answer is a %s, and no vector", vector.ResultType)
		}
		answer.Data = vector.Result
	}
	return json.Unmarshal(answer.Data, data)
}

// Logs returns the end of its output.
func (p *Prometheus) Logs() string { return string(p.program.Tail()) }

// Close ends it and removes its files.
func (p *Prometheus) Close() error {
	var errs []error
	if p.program != nil {
		p.program.Stop()
	}
	if p.release != nil {
		errs = append(errs, p.release())
	}
	return errors.Join(append(errs, os.RemoveAll(p.dir))...)
}
