package transport_test

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

const (
	crowdHands = 100 // goroutines that move the crowd: the race detector allows 8128
	crowdSteps = 12  // on average, for each member
)

// crowd is the crowd. It is all there before it begins to move.
func crowd(t *testing.T, addr string) {
	var arriving, moving sync.WaitGroup
	begin := make(chan struct{})
	arriving.Add(crowdHands)
	for hand := range crowdHands {
		moving.Go(func() {
			rng := rand.New(rand.NewPCG(1, uint64(hand)))
			members := make([]*member, crowdSize/crowdHands)
			for i := range members {
				members[i] = &member{addr: addr, rng: rng, id: fmt.Sprintf("%d-%d", hand, i)}
				if err := members[i].come(); err != nil {
					t.Errorf("%s: %v", members[i].id, err)
				}
			}
			arriving.Done()
			<-begin
			if t.Failed() {
				return
			}
			for range crowdSteps * len(members) {
				m := members[rng.IntN(len(members))]
				if err := m.step(); err != nil {
					t.Errorf("%s: %s: %v", m.id, m.doing, err)
					return
				}
			}
			for _, i := range rng.Perm(len(members)) {
				if err := members[i].leave(); err != nil {
					t.Errorf("%s: %s: %v", members[i].id, members[i].doing, err)
					return
				}
			}
		})
	}
	arriving.Wait()
	if n, err := askOpen(addr); err != nil || n < crowdSize {
		t.Errorf("%d connections are open, %v", n, err)
	}
	close(begin)
	moving.Wait()
}

// member is one of the crowd: a connection after the other, by one name.
type member struct {
	addr, id string
	rng      *rand.Rand
	conn     net.Conn // nil: not there
	asked    int
	rest     string // of a request that is sent in part
	want     string // the answer to it
	doing    string
}

func (m *member) come() error {
	m.doing = "coming"
	c, err := dialString(m.addr)
	if err != nil {
		return err
	}
	m.conn = c
	return m.conn.SetDeadline(time.Now().Add(4 * time.Minute))
}

// step does something.
func (m *member) step() error {
	if m.conn == nil {
		return m.come()
	}
	if m.rest != "" {
		switch m.rng.IntN(8) {
		case 0:
			return m.leave() // in the middle
		case 1, 2, 3:
			m.doing = "sending a piece"
			n := m.rng.IntN(len(m.rest))
			return m.send(n)
		}
		m.doing = "sending the rest"
		if err := m.send(len(m.rest)); err != nil {
			return err
		}
		return m.expect(m.want)
	}
	switch m.rng.IntN(16) {
	case 0:
		m.doing = "being bad"
		bad := []string{"GET\r\n\r\n", "GET / HTTP/1.1\r\nHost : h\r\n\r\n", "\x00\x00\r\n\r\n",
			"GET /\x01 HTTP/1.1\r\nHost: h\r\n\r\n",
			raw("POST / HTTP/1.1", "", "Host: h", "Content-Length: x")}
		m.rest, m.want = bad[m.rng.IntN(len(bad))], badAnswer
		return m.last()
	case 1:
		m.doing = "asking for the last time"
		m.rest, m.want = m.ask("Connection: close")
		m.want = strings.Replace(m.want, "\r\n\r\n", "\r\nConnection: close\r\n\r\n", 1)
		return m.last()
	case 2:
		return m.leave()
	case 3, 4:
		m.doing = "asking many"
		for range 1 + m.rng.IntN(20) {
			request, want := m.ask()
			m.rest, m.want = m.rest+request, m.want+want
		}
	case 5:
		m.doing = "asking in chunks" // fasthttp's from now on
		body := m.body()
		uri := m.uri()
		m.rest = raw("POST "+uri+" HTTP/1.1", fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(body), body),
			"Host: h", "Transfer-Encoding: chunked")
		m.want = wanted(uri, body)
	case 6, 7, 8, 9: // a part, and then others have their turn
		m.doing = "beginning to ask"
		m.rest, m.want = m.ask()
		return m.send(1 + m.rng.IntN(len(m.rest)-1))
	default:
		m.doing = "asking"
		m.rest, m.want = m.ask()
	}
	if err := m.send(len(m.rest)); err != nil {
		return err
	}
	return m.expect(m.want)
}

// ask is a request, and the answer to it. No two are alike.
func (m *member) ask(lines ...string) (request, want string) {
	uri := m.uri()
	if m.rng.IntN(2) == 0 {
		return get(uri, lines...), wanted(uri, "")
	}
	body := m.body()
	return post(uri, body, lines...), wanted(uri, body)
}

func (m *member) uri() string {
	m.asked++
	return fmt.Sprintf("/%s/%d", m.id, m.asked)
}

// body is the name, over and over; seldom longer than a loop's buffer.
func (m *member) body() string {
	n := 1 + m.rng.IntN(30)
	if m.rng.IntN(20) == 0 {
		n *= 100
	}
	return strings.Repeat(m.id+",", n)
}

// leave leaves, if it is there.
func (m *member) leave() error {
	if m.conn == nil {
		return nil
	}
	switch m.rng.IntN(4) {
	case 0:
		m.doing = "leaving by a reset"
		resetOnClose(m.conn)
	case 1: // without a word
	case 2:
		m.doing = "leaving by a half-close"
		if m.rest != "" {
			m.rest, m.want = "", badAnswer // what was sent is no request
		}
		return m.last()
	case 3:
		m.doing = "leaving without the answers"
		request, _ := m.ask()
		_, _ = io.WriteString(m.conn, request)
	}
	m.rest, m.want = "", ""
	err := m.conn.Close()
	m.conn = nil
	return err
}

// send sends n bytes of the rest.
func (m *member) send(n int) error {
	_, err := io.WriteString(m.conn, m.rest[:n])
	m.rest = m.rest[n:]
	return err
}

// last sends the rest, if there is one, half-closes, and expects the answer and the end.
func (m *member) last() error {
	if err := m.send(len(m.rest)); err != nil {
		return err
	}
	_ = m.conn.(halfCloser).CloseWrite() // the server may have closed before
	if err := m.expect(m.want); err != nil {
		return err
	}
	if b, err := io.ReadAll(m.conn); len(b) > 0 || err != nil && !errors.Is(err, syscall.ECONNRESET) {
		return fmt.Errorf("got %q, %v, want the end", b, err)
	}
	err := m.conn.Close()
	m.conn = nil
	return err
}

// expect reads an answer.
func (m *member) expect(want string) error {
	m.want = ""
	got := make([]byte, size(want))
	if n, err := io.ReadFull(m.conn, got); err != nil {
		return fmt.Errorf("got %s, %w, want %s", shorten(string(got[:n])), err, shorten(want))
	}
	if a := comparable(string(got)); a != want {
		return fmt.Errorf("answers that are not its own:\n%s", difference(a, want))
	}
	return nil
}
