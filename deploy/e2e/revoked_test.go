package e2e

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"videotoken/deploy/e2e/stack"
	"videotoken/token"
)

// withSession returns the target of a token of a session.
func withSession(t *testing.T, e *stack.Edge, session byte) string {
	t.Helper()
	return "/films/a.mp4?token=" +
		sign(t, e, "/films/a.mp4", token.Claims{HasSession: true, Session: [8]byte{session}})
}

// awaitAnswer asks an edge until it answers with a status. It returns for how long there was
// another answer: when the last request was sent that got one.
func awaitAnswer(t *testing.T, e *stack.Edge, target string, want int) (other time.Duration) {
	t.Helper()
	for began := time.Now(); ; {
		sent := time.Since(began)
		got := ask(t, e.Addr, "GET", target, "")
		if got.status == want {
			return other
		}
		if other = sent; other > 30*time.Second {
			t.Fatalf("answered %v, never %d", got, want)
		}
	}
}

// notRead is what the worker logs when a question fails, and it has a set.
const notRead = "the revoked sessions were not read, those of before count"

// TestRevokedWorker: what is revoked at the service, the worker refuses within a second. Before it
// has reached the service it refuses tokens with a session; without the service it goes on with
// what it knows.
func TestRevokedWorker(t *testing.T) {
	s := up(t, stack.Options{Origin: newNaive(), Edges: []string{"worker"}, Revocations: true})
	e := s.Edges["worker"]
	expect := func(when, target, want string) {
		t.Helper()
		if got := ask(t, e.Addr, "GET", target, ""); strings.TrimSpace(got.String()) != want {
			t.Errorf("%s: answered %v, want %s", when, got, want)
		}
	}
	plain := "/films/a.mp4?token=" + sign(t, e, "/films/a.mp4", token.Claims{})
	s.StopService()
	expect("before the service is there", withSession(t, e, 1), "503 not-loaded")
	expect("before the service is there", plain, "200")
	if err := s.StartService(); err != nil {
		t.Fatal(err)
	}
	t.Logf("loaded after %v", awaitAnswer(t, e, withSession(t, e, 1), 200))

	var worst time.Duration
	for session := byte(1); session <= 5; session++ {
		target := withSession(t, e, session)
		expect("before it is revoked", target, "200")
		revoke(t, s, session)
		worst = max(worst, awaitAnswer(t, e, target, 403))
		expect("afterwards", target, "403 revoked")
	}
	t.Logf("served for %v at most", worst)
	if worst > time.Second && !strings.Contains(s.Logs(), notRead) {
		t.Errorf("a revoked session was served for %v", worst)
	}
	expect("another session", withSession(t, e, 100), "200")

	s.StopService()
	failures := strings.Count(s.Logs(), notRead)
	for end := time.Now().Add(30 * time.Second); strings.Count(s.Logs(), notRead) == failures; {
		if time.Now().After(end) {
			t.Fatal("the worker does not ask any more")
		}
		expect("without the service", withSession(t, e, 1), "403 revoked")
		expect("without the service", withSession(t, e, 100), "200")
	}
	expect("after a question that failed", withSession(t, e, 1), "403 revoked")
	expect("after a question that failed", withSession(t, e, 100), "200")
}

// revoke revokes a session at the service.
func revoke(t *testing.T, s *stack.Stack, session byte) {
	t.Helper()
	body := fmt.Sprintf(`{"session":"%02x00000000000000"}`, session)
	r, err := http.NewRequest("POST", "http://"+s.Admin+"/revoke", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+s.AdminKey)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != 200 {
		text, _ := io.ReadAll(res.Body)
		t.Fatalf("revoke: %d %s", res.StatusCode, text)
	}
}

// TestRevokedWaiters: requests of workerd wait for the question that another one asks, and get
// their answers also if that one's client goes away meanwhile.
func TestRevokedWaiters(t *testing.T) {
	asked, answer := make(chan string, 100), make(chan struct{})
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked <- r.URL.RawQuery
		<-answer
		_, _ = io.WriteString(w,
			`{"revoked":[{"session":"0100000000000000","until":4000000000}],"next":1,"more":false}`)
	}))
	t.Cleanup(service.Close)
	s := up(t, stack.Options{Origin: newNaive(), Edges: []string{"worker"}, Revocations: true,
		RevokedURL: service.URL + "/revoked"})
	e := s.Edges["worker"]

	send := func(session byte) net.Conn {
		c, err := net.Dial("tcp", e.Addr)
		if err == nil {
			_, err = fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", withSession(t, e, session))
		}
		if err == nil {
			err = c.SetDeadline(time.Now().Add(30 * time.Second))
		}
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	gone := send(1)
	<-asked
	var waiters []net.Conn
	for i := range 20 {
		waiters = append(waiters, send(byte(1+i%2)))
	}
	// A reset tells workerd at once that nobody waits for this answer.
	if err := gone.(*net.TCPConn).SetLinger(0); err != nil {
		t.Fatal(err)
	}
	gone.Close()
	// workerd has one thread: once it has answered another request, it has read the ones before.
	plain := "/films/a.mp4?token=" + sign(t, e, "/films/a.mp4", token.Claims{})
	if got := ask(t, e.Addr, "GET", plain, ""); got.status != 200 {
		t.Errorf("without a session: answered %v", got)
	}
	close(answer)
	for i, c := range waiters {
		res, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			t.Fatalf("waiter %d: %v", i, err)
		}
		if want := []int{403, 200}[i%2]; res.StatusCode != want {
			t.Errorf("waiter %d: answered %d, want %d", i, res.StatusCode, want)
		}
		c.Close()
	}
	t.Logf("%d questions for %d requests", 1+len(asked), 1+len(waiters))
}
