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
	"time"
)

// Burst is the manner of connections that all ask at once, each for another film, for every line
// that the process that floods reads. When all are answered it writes a [Flooded].
const Burst Manner = "burst"

// filmDigits is what stands in a burst's request for the number of the connection.
const filmDigits = "000000"

// longestWait is how long a client of a burst waits for its answer.
const longestWait = 15 * time.Second

// burst opens the connections, writes a line, and has them ask for each line that it reads. Each
// connection was answered once before: what a new one costs is for other attacks.
func burst(ctx context.Context, f Flood, addr string, lines *bufio.Reader, out io.Writer) error {
	d := net.Dialer{Timeout: 10 * patience}
	clients := make([]burstClient, f.Connections)
	for i := range clients {
		conn, err := d.DialContext(ctx, "tcp", addr)
		if err != nil {
			return err
		}
		defer conn.Close()
		number := fmt.Appendf(nil, "%0*d", len(filmDigits), i)
		clients[i] = burstClient{conn, bytes.Replace(f.Request, []byte(filmDigits), number, 1)}
	}
	if done := askAll(clients,
		[]byte("GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n")); done.Answers < int64(len(clients)) {
		return fmt.Errorf("flood: of %d connections %v were not answered", len(clients),
			done.Failed)
	}
	fmt.Fprintln(out, "ready")
	for {
		if _, err := lines.ReadBytes('\n'); err != nil {
			return nil
		}
		if err := json.NewEncoder(out).Encode(askAll(clients, nil)); err != nil {
			return err
		}
	}
}

// burstClient is a connection with its request.
type burstClient struct {
	conn    net.Conn
	request []byte
}

// askAll sends one request on every connection, or if it is nil each connection's own, and then
// reads the answers. It is one goroutine: a thousand would take more of the machine, which the
// service shares.
func askAll(clients []burstClient, request []byte) Flooded {
	done := Flooded{Failed: map[string]int64{}}
	began := time.Now()
	for _, c := range clients {
		_ = c.conn.SetDeadline(began.Add(longestWait))
		if request != nil {
			c.request = request
		}
		_, _ = c.conn.Write(c.request) // the read tells
	}
	r := bufio.NewReader(nil)
	for _, c := range clients {
		r.Reset(c.conn)
		if outcome := readOutcome(r); outcome == "200" {
			done.Answers++
		} else {
			done.Failed[outcome]++
		}
	}
	done.Seconds = time.Since(began).Seconds()
	return done
}

// refusedFull is what an answer to a burst may be that is not 200.
const refusedFull = "503 of the full queue"

// readOutcome reads an answer and says what it is.
func readOutcome(r *bufio.Reader) string {
	answer, err := http.ReadResponse(r, nil)
	if err != nil {
		return "no answer"
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	switch {
	case err != nil:
		return "half an answer"
	case answer.StatusCode == http.StatusServiceUnavailable &&
		bytes.Contains(body, []byte("too many new signatures")):
		return refusedFull
	}
	return strconv.Itoa(answer.StatusCode)
}
