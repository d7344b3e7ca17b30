package chaos

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"videotoken/deploy/e2e/stack"
)

// sessionID is the text of a session.
func sessionID(n int) string { return fmt.Sprintf("%016x", n) }

// signSession returns a URL whose token has a session.
func signSession(c *stack.Cluster, n int) (uri string, err error) {
	return stack.Sign(http.DefaultClient, c.Addr, fmt.Sprintf(`"session":%q`, sessionID(n)))
}

// revoke revokes a session at an instance, and returns the status of the answer.
func revoke(in *stack.Instance, n int) (status int, err error) {
	status, _, err = in.Post("/revoke", fmt.Sprintf(`{"session":%q}`, sessionID(n)))
	return status, err
}

// awaitReason waits until an instance refuses a URL with a reason, "" for not at all.
func awaitReason(t *testing.T, in *stack.Instance, uri, want string) {
	t.Helper()
	got, err := "", error(nil)
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(
		10 * time.Millisecond) {
		if got, err = stack.Verify(http.DefaultClient, in.Addr, uri); err == nil && got == want {
			return
		}
	}
	t.Fatalf("%s answers %q, %v; never %q", in.Addr, got, err, want)
}
