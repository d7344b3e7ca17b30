package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"videotoken/internal/logqueue"
	"videotoken/token"
)

// TestLimits: a question that is too long has an error, and the next one an answer.
func TestLimits(t *testing.T) {
	one, path := fresh(t, 1, token.Claims{})
	r := start(t, one)
	q := question("one", "GET", path, "203.0.113.7",
		map[string]string{"cookie": strings.Repeat("x", maxQuestion)})
	if a, err := r.client.Check(context.Background(), q); status.Code(err) != codes.ResourceExhausted {
		t.Errorf("%v, %v", a, err)
	}
	if got := r.status(t, path); got != 200 {
		t.Errorf("%d", got)
	}
}

// TestCommandLine: what makes no sense is said, and nothing is served.
func TestCommandLine(t *testing.T) {
	t.Setenv("VIDEOTOKEN_CONFIG", "")
	bad := filepath.Join(t.TempDir(), "bad.yaml")
	if err := os.WriteFile(bad, []byte("cdns: []\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	one, _ := fresh(t, 1, token.Claims{})
	good := filepath.Join(t.TempDir(), "good.yaml")
	if err := os.WriteFile(good, []byte(one), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args   []string
		status int
		says   string
	}{
		{[]string{"-h"}, 0, "answers Envoy's gRPC"},
		{nil, 2, "-config FILE"},
		{[]string{"-config", good, "more"}, 2, "-config FILE"},
		{[]string{"-nothing"}, 2, "-nothing"},
		{[]string{"-config", good, "-listen", "nowhere"}, 1, "-listen"},
		{[]string{"-config", good, "-listen", "127.0.0.1:0", "-admin", "0.0.0.0:0"}, 1, "admin_key"},
		{[]string{"-config", good + "x"}, 1, "no such file"},
		{[]string{"-config", bad}, 1, "cdns"},
	} {
		file, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
		if err != nil {
			t.Fatal(err)
		}
		stderr := logqueue.New(file)
		got := execute(stderr, c.args)
		stderr.Flush(time.Minute)
		_ = file.Close()
		says, err := os.ReadFile(file.Name())
		if got != c.status || !strings.Contains(string(says), c.says) {
			t.Errorf("%q: %d, %s, %v", c.args, got, says, err)
		}
	}
}
