package server

import "videotoken/internal/scheme"

// signatures adds the metrics of the signatures that are expensive.
func (m *metrics) signatures(stats func() scheme.SignatureStats) {
	counter := func(name, help string, value func(scheme.SignatureStats) float64) {
		m.counter(name, help, func() float64 { return value(stats()) })
	}
	gauge := func(name, help string, value func(scheme.SignatureStats) float64) {
		m.gauge(name, help, func() float64 { return value(stats()) })
	}
	counter("videotoken_signature_hits_total", "Signatures that were kept.",
		func(s scheme.SignatureStats) float64 { return float64(s.Hits) })
	counter("videotoken_signature_misses_total", "Signatures that a request had to wait for.",
		func(s scheme.SignatureStats) float64 { return float64(s.Misses) })
	counter("videotoken_signature_stale_total",
		"Signatures of the last window that served while the next was made.",
		func(s scheme.SignatureStats) float64 { return float64(s.Stale) })
	counter("videotoken_signature_refused_total",
		"Signatures that were not made since too many waited.",
		func(s scheme.SignatureStats) float64 { return float64(s.Refused) })
	counter("videotoken_signature_seconds_total", "Time spent making signatures.",
		func(s scheme.SignatureStats) float64 { return s.Spent.Seconds() })
	gauge("videotoken_signature_cache_bytes", "Bytes of the signatures that are kept.",
		func(s scheme.SignatureStats) float64 { return float64(s.Bytes) })
	gauge("videotoken_signature_queue", "Signatures that wait to be made.",
		func(s scheme.SignatureStats) float64 { return float64(s.Queued) })
}
