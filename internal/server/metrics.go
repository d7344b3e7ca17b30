package server

import (
	"net/http"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"videotoken/internal/caller"
	"videotoken/internal/transport"
)

// metrics has what /metrics shows, besides the metrics of the Go runtime and of the process.
type metrics struct {
	registry *prometheus.Registry
	panics   prometheus.Counter

	callerRefusals *prometheus.CounterVec // by caller, of a set that the configuration bounds

	wouldRefuse *prometheus.CounterVec // by CDN and reason, of CDNs that only report

	reloads   *reloads
	responses [600]prometheus.Counter // by status code; nil for those that are never answered
}

// statuses are the status codes that the service answers with.
var statuses = []int{200, 204, 400, 401, 403, 404, 405, 408, 413, 415, 431, 500, 501, 503, 505}

func newMetrics(s *Server, droppedLogs func() uint64) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		panics: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "videotoken_panics_total", Help: "Requests whose handler panicked; each was answered with 500.",
		}),
	}
	m.wouldRefuse = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "videotoken_would_refuse_total", Help: "Tokens that CDNs with enforce: false would refuse, by CDN and reason.",
	}, []string{"cdn", "reason"})
	m.callerRefusals = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "videotoken_caller_refusals_total", Help: "Requests with an unknown API key (caller \"\"), or for more than the caller may have.",
	}, []string{"caller"})
	responses := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "videotoken_responses_total", Help: "Answers by status code.",
	}, []string{"code"})
	for _, status := range statuses {
		m.responses[status] = responses.WithLabelValues(strconv.Itoa(status))
	}
	m.reloads = newReloads(m, s.now())
	m.registry.MustRegister(m.panics, m.wouldRefuse, m.callerRefusals, responses, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	limits := func() transport.Limits { return s.transport.Limits() } // the transport is made later
	m.gauge("videotoken_connections", "Open connections.", func() float64 { return float64(s.transport.Len()) })
	m.gauge("videotoken_connections_limit", "Connections that may be open.", func() float64 { return float64(limits().Connections) })
	m.gauge("videotoken_unfinished_bytes", "Bytes that unfinished requests hold.", func() float64 { return float64(limits().Held) })
	m.gauge("videotoken_unfinished_bytes_limit", "Bytes that unfinished requests may hold.", func() float64 { return float64(limits().Memory) })
	m.counter("videotoken_connections_refused_total", "Connections over the limit, answered with 503.", func() float64 { return float64(limits().Refused) })
	m.counter("videotoken_connections_evicted_total", "Idle connections that were closed for new ones.", func() float64 { return float64(limits().Evicted) })
	m.counter("videotoken_requests_evicted_total", "Unfinished requests that were given up for their memory.", func() float64 { return float64(limits().EvictedRequests) })
	m.counter("videotoken_logs_dropped_total", "Log lines that were dropped because nobody read the log.", func() float64 {
		if droppedLogs == nil {
			return 0
		}
		return float64(droppedLogs())
	})
	if s.revoked != nil {
		m.sessions(s.revoked.Stats)
	}
	return m
}

func (m *metrics) gauge(name, help string, value func() float64) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, value))
}

func (m *metrics) counter(name, help string, value func() float64) {
	m.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help}, value))
}

// callers returns a counter for each caller, and one for nobody.
func (m *metrics) callers(set *caller.Set) map[string]prometheus.Counter {
	if set == nil {
		return nil
	}
	counters := map[string]prometheus.Counter{"": m.callerRefusals.WithLabelValues("")}
	for name := range set.Names() {
		counters[name] = m.callerRefusals.WithLabelValues(name)
	}
	return counters
}

func (m *metrics) count(status int) {
	if status < len(m.responses) && m.responses[status] != nil {
		m.responses[status].Inc()
	}
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}
