package server

import (
	"net/http"
	"runtime"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"videotoken/internal/caller"
	"videotoken/internal/cdn"
	"videotoken/internal/transport"
	"videotoken/internal/video"
)

// metrics has what /metrics shows, besides the metrics of the Go runtime and of the process.
type metrics struct {
	registry *prometheus.Registry
	panics   prometheus.Counter

	requests  [len(routeNames)][len(statuses)]counter
	durations [len(routeNames)]histogram
	reloads   *reloads

	callerRefusals *vector // by caller
	tokens         *vector // by CDN and kind
	verifications  *vector // by CDN and reason
	wouldRefuse    *vector // by CDN and reason, of CDNs that only report
	renewals       *vector // by reason
	renewed        map[string]counter

	mu   sync.Mutex
	keys map[string]signingKey // by CDN
}

// signingKey is the key that signs for a CDN, and since when.
type signingKey struct {
	id    string
	since time.Time
}

// statuses are the status codes that the service answers with. A code that is not there is counted
// as 500, which it would be a mistake of the code to send.
var statuses = [...]int{500, 200, 204, 400, 401, 403, 404, 405, 408, 413, 415, 431, 501, 503, 505}

// statusIndex is the index of each code in statuses.
var statusIndex = func() (index [600]uint8) {
	for i, code := range statuses {
		index[code] = uint8(i)
	}
	return index
}()

// accepted is the reason of a token that is not refused.
const accepted = "ok"

func newMetrics(s *Server, c Settings) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		keys:     map[string]signingKey{},
		panics: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "videotoken_panics_total",
			Help: "Requests whose handler panicked; each was answered with 500.",
		}),
		callerRefusals: newVector("videotoken_caller_refusals_total",
			`Requests with an unknown API key (caller ""), or for more than the caller may have.`,
			"caller"),
		tokens: newVector("videotoken_tokens_total",
			"URLs that were signed, by CDN and by what their tokens open: one url, a directory, "+
				"or a directory by cookies.", "cdn", "kind"),
		verifications: newVector("videotoken_verifications_total", "Tokens that edges asked "+
			"about, by CDN and reason; ok for those that were accepted.", "cdn", "reason"),
		wouldRefuse: newVector("videotoken_would_refuse_total", "Tokens that CDNs with "+
			"enforce: false would refuse, by CDN and reason.", "cdn", "reason"),
		renewals: newVector("videotoken_renewals_total", "Requests for renewal, by the "+
			"reason of the first refusal; ok for those that were answered.", "reason"),
	}
	m.renewed = m.renewals.byReason()
	for _, reason := range []string{accepted, string(video.ErrNotRenewable)} {
		m.renewed[reason] = m.renewals.with(reason)
	}
	for i := range m.requests {
		for j := range m.requests[i] {
			m.requests[i][j] = newCounter()
		}
		m.durations[i] = newHistogram()
	}
	m.reloads = newReloads(m, s.now())
	m.registry.MustRegister(m.panics, m.callerRefusals, m.tokens, m.verifications, m.wouldRefuse,
		m.renewals, requestMetrics{m}, keyMetrics{m},
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	m.transport(s)
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "videotoken_build_info", Help: "1, with the version of the program and of Go.",
		ConstLabels: prometheus.Labels{"version": c.Build.Version, "go_version": runtime.Version()},
	}, func() float64 { return 1 }))
	m.counter("videotoken_logs_dropped_total",
		"Log lines that were dropped because nobody read the log.", func() float64 {
			if c.DroppedLogs == nil {
				return 0
			}
			return float64(c.DroppedLogs())
		})
	if c.Revoked != nil {
		m.sessions(c.Revoked.Stats)
	}
	if c.Signatures != nil {
		m.signatures(c.Signatures.Stats)
	}
	return m
}

// transport adds the metrics of connections and limits.
func (m *metrics) transport(s *Server) {
	limits := func() transport.Limits { return s.transport.Limits() } // the transport is made later
	connections := prometheus.NewDesc("videotoken_connections", "Open connections, by who serves "+
		"them: an event loop, or fasthttp what a loop hands over.", []string{"by"}, nil)
	m.registry.MustRegister(gauges{connections, func(to func(float64, ...string)) {
		inLoops := limits().InLoops
		to(float64(inLoops), "loop")
		to(float64(max(int64(s.transport.Len())-inLoops, 0)), "fasthttp")
	}})
	m.gauge("videotoken_connections_limit", "Connections that may be open.", func() float64 {
		return float64(limits().Connections)
	})
	m.gauge("videotoken_unfinished_bytes", "Bytes that unfinished requests hold.", func() float64 {
		return float64(limits().Held)
	})
	m.gauge("videotoken_unfinished_limit_bytes", "Bytes that unfinished requests may hold.",
		func() float64 { return float64(limits().Memory) })
	m.counter("videotoken_connections_refused_total", "Connections over the limit, "+
		"answered with 503.", func() float64 { return float64(limits().Refused) })
	m.counter("videotoken_connections_evicted_total", "Idle connections that were closed "+
		"for new ones.", func() float64 { return float64(limits().Evicted) })
	m.counter("videotoken_requests_evicted_total", "Unfinished requests that were given up for "+
		"their memory.", func() float64 { return float64(limits().EvictedRequests) })
}

func (m *metrics) gauge(name, help string, value func() float64) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help},
		value))
}

func (m *metrics) counter(name, help string, value func() float64) {
	m.registry.MustRegister(
		prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help}, value))
}

// gauges is a metric of gauges by label.
type gauges struct {
	desc *prometheus.Desc
	read func(to func(value float64, labels ...string))
}

// Describe implements [prometheus.Collector].
func (g gauges) Describe(to chan<- *prometheus.Desc) { to <- g.desc }

// Collect implements [prometheus.Collector].
func (g gauges) Collect(to chan<- prometheus.Metric) {
	g.read(func(value float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(g.desc, prometheus.GaugeValue, value, labels...)
	})
}

// requestMetrics shows the requests and their durations.
type requestMetrics struct{ m *metrics }

var (
	requestsDesc = prometheus.NewDesc("videotoken_requests_total",
		"Requests by route and status code; route none is what could not be read, or was "+
			"over a limit.", []string{"route", "code"}, nil)
	durationDesc = prometheus.NewDesc("videotoken_request_duration_seconds",
		"Time from when the request was seen, at the wake-up of its event loop, until its "+
			"answer was made.", []string{"route"}, nil)
)

// Describe implements [prometheus.Collector].
func (r requestMetrics) Describe(to chan<- *prometheus.Desc) {
	to <- requestsDesc
	to <- durationDesc
}

// Collect implements [prometheus.Collector].
func (r requestMetrics) Collect(to chan<- prometheus.Metric) {
	for i, name := range routeNames {
		for j, code := range statuses {
			if n := r.m.requests[i][j].sum(); n > 0 {
				to <- prometheus.MustNewConstMetric(requestsDesc, prometheus.CounterValue,
					float64(n), name, strconv.Itoa(code))
			}
		}
		if routeID(i) != noRoute {
			to <- r.m.durations[i].metric(durationDesc, name)
		}
	}
}

// keyMetrics shows the keys that sign.
type keyMetrics struct{ m *metrics }

var keyDesc = prometheus.NewDesc("videotoken_signing_key_start_time_seconds",
	"Since when this process signs with a CDN's key, in Unix seconds: the longer ago, the "+
		"older the key.", []string{"cdn", "key"}, nil)

// Describe implements [prometheus.Collector].
func (k keyMetrics) Describe(to chan<- *prometheus.Desc) { to <- keyDesc }

// Collect implements [prometheus.Collector].
func (k keyMetrics) Collect(to chan<- prometheus.Metric) {
	k.m.mu.Lock()
	defer k.m.mu.Unlock()
	for name, key := range k.m.keys {
		to <- prometheus.MustNewConstMetric(keyDesc, prometheus.GaugeValue,
			float64(key.since.Unix()), name, key.id)
	}
}

// useKeys notes the keys that sign from now on.
func (m *metrics) useKeys(cdns *cdn.Set, now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	keys := map[string]signingKey{}
	for _, c := range cdns.All() {
		key := signingKey{c.SigningKey(), now}
		if before, ok := m.keys[c.Name]; ok && before.id == key.id {
			key = before
		}
		keys[c.Name] = key
	}
	m.keys = keys
}

// reporter returns what counts the tokens of each video, for the CDNs of a configuration.
func (m *metrics) reporter(cdns *cdn.Set) func(video.Issued) {
	type kinds struct{ url, directory, cookie counter }
	all := make([]kinds, len(cdns.All()))
	for i, c := range cdns.All() {
		all[i] = kinds{m.tokens.with(c.Name, "url"), m.tokens.with(c.Name, "directory"),
			m.tokens.with(c.Name, "cookie")}
	}
	return func(v video.Issued) {
		k, part := &all[v.CDN.Index()], shard(v.Shard)
		k.url.add(part, uint64(v.Exact))
		if v.Directories+v.Cookies > 0 {
			k.directory.add(part, uint64(v.Directories))
			k.cookie.add(part, uint64(v.Cookies))
		}
	}
}

// callers returns a counter for each caller, and one for nobody.
func (m *metrics) callers(set *caller.Set) map[string]counter {
	if set == nil {
		return nil
	}
	counters := map[string]counter{"": m.callerRefusals.with("")}
	for name := range set.Names() {
		counters[name] = m.callerRefusals.with(name)
	}
	return counters
}

// count counts an answer.
func (m *metrics) count(s shard, r routeID, status int) uint64 {
	i := uint8(0)
	if status < len(statusIndex) {
		i = statusIndex[status]
	}
	return m.requests[r][i].add(s, 1)
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}
