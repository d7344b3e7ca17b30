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

// BenchmarkVerifyMillion is the whole handler of an edge's question, each about another token with a
// session, so that nothing of it is in the processor's caches. It asks a server without a revoked
// session and one with a million of them, turn by turn. "none-ns" is the median turn of the first,
// for a request, and "more-ns" what the second takes more.
func BenchmarkVerifyMillion(b *testing.B) {
	const tokens, turn = 1 << 16, 500
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
	requests := make([]fasthttp.Request, tokens)
	for i := range requests {
		text, err := seven.Append(nil, &token.Claims{Expiry: now + 3600, HasSession: true, Session: session()}, path, nil)
		if err != nil {
			b.Fatal(err)
		}
		requests[i].SetRequestURI("/verify/auth-request/aws-1")
		requests[i].Header.Set("X-Original-URI", "/film.mp4?token="+string(text))
	}

	million := bytes.NewBufferString("videotoken: revoked sessions, version 1\n")
	for range 1_000_000 {
		line := fmt.Appendf(nil, "%x %d", session(), now+3600)
		fmt.Fprintf(million, "%s %08x\n", line, crc32.ChecksumIEEE(line))
	}
	var servers [2]*Server
	for i, text := range [][]byte{nil, million.Bytes()} {
		file := filepath.Join(b.TempDir(), "revoked")
		if err := os.WriteFile(file, text, 0o600); err != nil {
			b.Fatal(err)
		}
		set, err := revoked.Open(revoked.Config{File: file, Now: func() time.Time { return time.Unix(now, 0) }})
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(set.Close)
		c := settings(b)
		c.Revoked = set
		servers[i], _ = newServer(c)
	}

	var ctx fasthttp.RequestCtx
	ctx.Init(&requests[0], &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)}, nil)
	var turns [2][]time.Duration
	next := 0
	for b.Loop() {
		for i, s := range servers {
			start := time.Now()
			for range turn {
				next++
				ctx.Response.Reset()
				requests[next%tokens].Header.CopyTo(&ctx.Request.Header)
				if s.Handler(&ctx); ctx.Response.StatusCode() != 200 {
					b.Fatal(ctx.Response.StatusCode())
				}
			}
			turns[i] = append(turns[i], time.Since(start))
		}
	}
	median := func(i int) float64 {
		slices.Sort(turns[i])
		return float64(turns[i][len(turns[i])/2].Nanoseconds()) / turn
	}
	b.ReportMetric(median(0), "none-ns")
	b.ReportMetric(median(1)-median(0), "more-ns")
	b.ReportMetric(0, "ns/op") // it would be the time of a turn of each
}
