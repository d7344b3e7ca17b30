package server

import (
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"videotoken/internal/revoked"
)

// reloads counts how often the configuration was read again.
type reloads struct {
	done, failed prometheus.Counter
	good         atomic.Bool  // the last time
	loaded       atomic.Int64 // when a configuration was taken last, in Unix seconds
}

func newReloads(m *metrics, now time.Time) *reloads {
	total := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "videotoken_config_reloads_total",
		Help: "How often the configuration was read again, by result.",
	}, []string{"result"})
	m.registry.MustRegister(total)
	r := &reloads{done: total.WithLabelValues("success"), failed: total.WithLabelValues("failure")}
	r.good.Store(true)
	r.loaded.Store(now.Unix())
	m.gauge("videotoken_config_last_reload_successful", "1 if the configuration was valid the "+
		"last time that it was read, else 0, and the one before it goes on.", func() float64 {
		return number(r.good.Load())
	})
	m.gauge("videotoken_config_last_reload_success_timestamp_seconds",
		"When the configuration was taken that is served, in Unix seconds.", func() float64 {
			return float64(r.loaded.Load())
		})
	return r
}

func (r *reloads) note(err error, now time.Time) {
	r.good.Store(err == nil)
	if err != nil {
		r.failed.Inc()
		return
	}
	r.done.Inc()
	r.loaded.Store(now.Unix())
}

// sessions adds the metrics of the sessions that are revoked.
func (m *metrics) sessions(stats func() revoked.Stats) {
	m.gauge("videotoken_revoked_sessions", "Sessions that are revoked, and some whose "+
		"time is over.", func() float64 { return float64(stats().Sessions) })
	m.gauge("videotoken_revoked_loaded", "1 once all sessions that are revoked were read, else "+
		"0, and tokens with a session are refused.", func() float64 {
		return number(stats().Loaded)
	})
	m.gauge("videotoken_revoked_synced_timestamp_seconds", "When it was read last what others "+
		"revoked, in Unix seconds; 0 for never.", func() float64 {
		if synced := stats().Synced; !synced.IsZero() {
			return float64(synced.UnixMilli()) / 1000
		}
		return 0
	})
	m.counter("videotoken_revocations_total", "Sessions that were revoked here.", func() float64 {
		return float64(stats().Revoked)
	})
	m.counter("videotoken_revocations_refused_total", "Sessions that could not be "+
		"revoked here, because they could not be kept.",
		func() float64 { return float64(stats().Refused) })
	m.counter("videotoken_revoked_sync_failures_total", "Failed reads of what others "+
		"revoked.", func() float64 { return float64(stats().Failures) })
}

func number(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
