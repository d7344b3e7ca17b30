package attack

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// Burst is the manner of connections that all ask at once, each for another film, for every line
// that the process that floods reads. When all are answered it writes a [Flooded].
const Burst Manner = "burst"

// filmDigits is what stands in a burst's request for the number of the connection.
const filmDigits = "000000"

// longestWait is how long a client of a burst waits for its answer.
const longestWait = 15 * time.Second

// burst opens the connections, calls ready, and has them ask for each line.
func burst(ctx context.Context, f Flood, addr string, lines *bufio.Reader, out io.Writer) error {
	d := net.Dialer{Timeout: 10 * patience}
	conns := make([]net.Conn, f.Connections)
	for i := range conns {
		c, err := d.DialContext(ctx, "tcp", addr)
		if err != nil {
			return err
		}
		defer c.Close()
		conns[i] = c
	}
	fmt.Fprintln(out, "ready")
	for {
		if _, err := lines.ReadBytes('\n'); err != nil {
			return nil
		}
		if err := json.NewEncoder(out).Encode(askAll(f.Request, conns)); err != nil {
			return err
		}
	}
}

// askAll sends a request on every connection and reads the answers.
func askAll(request []byte, conns []net.Conn) Flooded {
	var all sync.WaitGroup
	outcomes := make([]string, len(conns))
	began := time.Now()
	for i, c := range conns {
		one := bytes.Replace(request, []byte(filmDigits), fmt.Appendf(nil, "%0*d", len(filmDigits), i), 1)
		all.Go(func() {
			_ = c.SetDeadline(began.Add(longestWait))
			outcomes[i] = askOne(c, one)
		})
	}
	all.Wait()
	done := Flooded{Failed: map[string]int64{}, Seconds: time.Since(began).Seconds()}
	for _, o := range outcomes {
		if o == answered200 {
			done.Answers++
		} else {
			done.Failed[o]++
		}
	}
	return done
}

// What an answer to a burst may be.
const (
	answered200 = "200"
	refusedFull = "503 of the full queue"
)

// askOne sends a request and says what came.
func askOne(c net.Conn, request []byte) string {
	if _, err := c.Write(request); err != nil {
		return "a write failed"
	}
	r, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return "no answer"
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	switch {
	case err != nil:
		return "half an answer"
	case r.StatusCode == http.StatusServiceUnavailable && bytes.Contains(body, []byte("too many new signatures")):
		return refusedFull
	}
	return strconv.Itoa(r.StatusCode)
}
