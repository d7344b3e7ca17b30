package report

import (
	"net/url"
	"time"

	"videotoken/bench/internal/record"
)

// Baseline has autocannon's figures for the service that this one replaces, with 1000 connections:
// 98,256 answers in 30 s.
var Baseline = struct {
	Latency           record.Distribution
	RequestsPerSecond record.Rates
	BytesPerSecond    record.Rates
}{
	Latency: record.Distribution{P2_5: 202 * time.Millisecond, P50: 307 * time.Millisecond,
		P97_5: 773 * time.Millisecond,
		P99:   852 * time.Millisecond, Avg: 357830 * time.Microsecond,
		Stdev: 173880 * time.Microsecond,
		Max:   2284 * time.Millisecond},
	RequestsPerSecond: record.Rates{P1: 1759, P2_5: 1759, P50: 3217, P97_5: 4131, Avg: 3275.57,
		Stdev: 504.36, Min: 1759},
	BytesPerSecond: record.Rates{P1: 1.23e6, P2_5: 1.23e6, P50: 2.25e6, P97_5: 2.88e6, Avg: 2.29e6,
		Stdev: 352e3,
		Min:   1.23e6},
}

// BaselineRate is about the rate that the baseline reached, in requests a second.
const BaselineRate = 3300

// The request that the baseline was measured with, over so many connections.
const (
	baselineConnections = 1000
	baselinePath        = "/video/token"
	// the SHA-256 of testdata/baseline.json
	baselineBody = "d84c401b7c2c1c1b80ba3c8f3d56e5a732dcacd42caeb50d56bf7eeef2c010d1"
)

// baselineLoad says what a load must be to be compared with the baseline.
const baselineLoad = "1000 connections, /video/token, testdata/baseline.json"

// likeBaseline reports whether a load may be compared with the baseline: figures of another body,
// path or number of connections say nothing about it.
func likeBaseline(s record.Settings) bool {
	u, err := url.Parse(s.URL)
	return err == nil && u.Path == baselinePath && s.Connections == baselineConnections &&
		s.BodySHA256 == baselineBody
}
