package server

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"videotoken/internal/revoked"
	"videotoken/token"
)

// BenchmarkVerifyMillion compares two servers: the first has no revoked session, the second has a
// million. They answer an edge's question in turn, each time about another token with a session.
// In handler, the handler is called directly: "none-ns" is the first server's median time a
// request, and "more-ns" how much longer the second takes. In connection, the questions come over a
// kept connection: "x" is the median ratio of the second server's CPU time to the first's, with the
// client's and the kernel's.
func BenchmarkVerifyMillion(b *testing.B) {
	const turn = 500
	servers, uris := millionServers(b)
	next := 0
	uri := func() []byte {
		next++
		return uris[next%len(uris)]
	}
	// turns calls ask for the servers in turn, the first one first in every other round.
	turns := func(b *testing.B, clock func() time.Duration, ask func(server int)) (took [2][]float64) {
		for round := 0; b.Loop(); round++ {
			for i := range servers {
				i = (i + round) % len(servers)
				start := clock()
				for range turn {
					ask(i)
				}
				took[i] = append(took[i], float64(clock()-start)/turn)
			}
		}
		b.ReportMetric(0, "ns/op") // it would be the time of a turn of each
		return took
	}
	b.Run("handler", func(b *testing.B) {
		var ctx fasthttp.RequestCtx
		request := fasthttp.AcquireRequest()
		request.SetRequestURI("/verify/auth-request/aws-1")
		ctx.Init(request, &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)}, nil)
		start := time.Now()
		took := turns(b, func() time.Duration { return time.Since(start) }, func(i int) {
			ctx.Response.Reset()
			ctx.Request.Header.SetCanonical(originalURI, uri())
			if servers[i].Handler(&ctx); ctx.Response.StatusCode() != 200 {
				b.Fatal(ctx.Response.StatusCode())
			}
		})
		none, million := median(took[0]), median(took[1])
		b.ReportMetric(none, "none-ns")
		b.ReportMetric(million-none, "more-ns")
	})
	b.Run("connection", func(b *testing.B) {
		const head, tail = "GET /verify/auth-request/aws-1 HTTP/1.1\r\nHost: x\r\nX-Original-URI: ",
			"\r\n\r\n"
		var clients [2]*edgeClient
		var size int
		for i, s := range servers {
			clients[i] = edgeConn(b, start(b, s))
			size = len(clients[i].ask(b, head+string(uri())+tail, 0))
		}
		took := turns(b, func() time.Duration { return cpuTime(b) }, func(i int) {
			clients[i].ask(b, head+string(uri())+tail, size)
		})
		ratios := make([]float64, len(took[0]))
		for i := range ratios {
			ratios[i] = took[1][i] / took[0][i]
		}
		b.ReportMetric(median(ratios), "x")
		b.ReportMetric(median(took[0]), "none-cpu-ns")
	})
}

var originalURI = []byte("X-Original-Uri")

func median(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}

// millionServers returns a server without a revoked session and one with a million, and URIs with
// tokens of other sessions, side by side in memory, so that they are in the processor's caches as
// what was received is.
func millionServers(b *testing.B) (servers [2]*Server, uris [][]byte) {
	const tokens = 1 << 16
	random := rand.NewChaCha8([32]byte{})
	session := func() (s [8]byte) {
		binary.BigEndian.PutUint64(s[:], random.Uint64())
		return s
	}
	seven, _ := vectorKeys(b)
	path, err := token.Canonical(nil, []byte("/film.mp4"))
	if err != nil {
		b.Fatal(err)
	}
	all := make([]byte, 0, tokens*80)
	for range tokens {
		start := len(all)
		claims := token.Claims{Expiry: now + 3600, HasSession: true, Session: session()}
		if all, err = seven.Append(append(all, "/film.mp4?token="...), &claims, path, nil); err != nil {
			b.Fatal(err)
		}
		uris = append(uris, all[start:])
	}
	million := bytes.NewBufferString("videotoken: revoked sessions, version 1\n")
	for range 1_000_000 {
		line := fmt.Appendf(nil, "%x %d", session(), now+3600)
		fmt.Fprintf(million, "%s %08x\n", line, crc32.ChecksumIEEE(line))
	}
	for i, text := range [][]byte{nil, million.Bytes()} {
		file := filepath.Join(b.TempDir(), "revoked")
		if err := os.WriteFile(file, text, 0o600); err != nil {
			b.Fatal(err)
		}
		set, err := revoked.Open(revoked.Config{File: file, Now: func() time.Time {
			return time.Unix(now, 0)
		}})
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(set.Close)
		c := settings(b)
		c.Revoked = set
		servers[i], _ = newServer(c)
	}
	return servers, uris
}
