package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/health/grpc_health_v1"

	"videotoken/token"
)

// TestREADME runs the commands by which deploy/README.md builds and starts the program, and asks it
// for its health.
func TestREADME(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(filepath.Join(root, "deploy/README.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, text, _ := strings.Cut(string(page), "\n## Envoy\n")
	_, text, _ = strings.Cut(text, "\n    ")
	script, _, _ := strings.Cut(text, "\n\n")
	build, start, found := strings.Cut(script, "\n")
	if !found {
		t.Fatalf("the page has lost its commands:\n%s", script)
	}
	line, _ := fresh(t, 1, token.Claims{})
	dir := t.TempDir()
	file, socket := filepath.Join(dir, "videotoken.yaml"), filepath.Join(dir, "envoy.sock")
	if err := os.WriteFile(file, []byte(line), 0o600); err != nil {
		t.Fatal(err)
	}
	here := strings.NewReplacer("/usr/local/bin/", dir+"/", "/etc/videotoken/videotoken.yaml", file,
		"/run/videotoken/envoy.sock", socket)
	cmd := exec.Command("sh", "-ec", here.Replace(build))
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	service := exec.Command("sh", "-ec", "exec "+strings.TrimSpace(here.Replace(start)))
	service.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"))
	service.Stderr = os.Stderr
	if err := service.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = service.Process.Kill(); _ = service.Wait() })
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	health := grpc_health_v1.NewHealthClient(dial(t, "unix", socket))
	answer, err := health.Check(ctx, &grpc_health_v1.HealthCheckRequest{}, grpc.WaitForReady(true))
	if answer.GetStatus() != grpc_health_v1.HealthCheckResponse_SERVING {
		t.Errorf("%v, %v", answer, err)
	}
}
