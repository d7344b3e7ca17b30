package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"videotoken/deploy/e2e/stack"
	"videotoken/token"
)

// maxImage bounds the bytes of the image, unpacked.
const maxImage = 15_000_000

// TestImage builds the image twice, in two folders and with two umasks, and runs it as a runtime
// does: another root, read-only, and the image's user.
func TestImage(t *testing.T) {
	image, digest := buildImage(t, root, "022")
	t.Run("reproducible", func(t *testing.T) {
		if _, again := buildImage(t, clone(t), "077"); again != digest {
			t.Errorf("%s and %s", digest, again)
		}
	})
	archive := filepath.Join(image, "videotoken.tar")
	img, err := tarball.ImageFromPath(archive, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := img.Digest(); err != nil || got.String() != digest {
		t.Errorf("%v, %v: the build said %s", got, err, digest)
	}
	file, err := img.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	config := file.Config
	if config.User != "65532:65532" || config.Healthcheck == nil || len(config.Entrypoint) != 1 ||
		!strings.HasPrefix(config.Labels["org.opencontainers.image.version"], "v0.0.0-2") {
		t.Fatalf("%+v", config)
	}
	rootfs := unpack(t, img)
	binary, err := os.Stat(filepath.Join(rootfs, config.Entrypoint[0]))
	if err != nil || binary.Mode() != 0o555 {
		t.Fatalf("%v, %v", binary, err)
	}
	if all, err := os.ReadDir(rootfs); err != nil || len(all) != 1 {
		t.Errorf("besides the service: %v, %v", all, err)
	}
	if n := binary.Size(); n > maxImage {
		t.Errorf("%d bytes unpacked", n)
	}
	t.Logf("%s: %.1f MB from a registry, %.1f MB unpacked", digest,
		float64(transfer(t, img))/1e6, float64(binary.Size())/1e6)
	t.Run("materials", func(t *testing.T) { checkMaterials(t, image) })
	t.Run("runs", func(t *testing.T) { runImage(t, rootfs, config) })
}

// buildImage runs make image in a checkout, and returns the folder of what it made, and the digest.
func buildImage(t *testing.T, checkout, umask string) (dir, digest string) {
	t.Helper()
	dir = t.TempDir()
	cmd := exec.Command("sh", "-c", `umask "$0" && exec make --silent image OUT="$1"`, umask, dir)
	cmd.Dir = checkout
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("make image: %v\n%s", err, out)
	}
	b, err := os.ReadFile(filepath.Join(dir, "videotoken.digest"))
	if err != nil || !regexp.MustCompile(`^sha256:[0-9a-f]{64}\n$`).Match(b) {
		t.Fatalf("%q, %v", b, err)
	}
	return dir, strings.TrimSpace(string(b))
}

// clone copies the checkout as it is, with what is not committed.
func clone(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	const script = `git clone -q --shared --no-checkout . "$0" &&
		git ls-files -z --cached --others --exclude-standard | tar --null --ignore-failed-read -cf - -T - | tar -xf - -C "$0" &&
		cd "$0" && git reset -q`
	cmd := exec.Command("sh", "-c", script, dir)
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return dir
}

// unpack writes the files of an image into a folder.
func unpack(t *testing.T, img v1.Image) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "rootfs")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	files := mutate.Extract(img)
	defer files.Close()
	cmd := exec.Command("tar", "-xpf", "-", "-C", dir)
	cmd.Stdin = files
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return dir
}

// transfer returns how many bytes a registry sends for an image.
func transfer(t *testing.T, img v1.Image) (n int64) {
	t.Helper()
	manifest, err := img.Manifest()
	if err != nil {
		t.Fatal(err)
	}
	n = manifest.Config.Size
	for _, layer := range manifest.Layers {
		n += layer.Size
	}
	return n
}

// checkMaterials compares the bill of materials with what Go says of the binary.
func checkMaterials(t *testing.T, dir string) {
	b, err := os.ReadFile(filepath.Join(dir, "videotoken.cdx.json"))
	if err != nil {
		t.Fatal(err)
	}
	var bill struct {
		Components []struct{ Name, Version string }
	}
	if err := json.Unmarshal(b, &bill); err != nil {
		t.Fatal(err)
	}
	listed := map[string]bool{}
	for _, c := range bill.Components {
		listed[c.Name+" "+c.Version] = true
	}
	out, err := exec.Command("go", "version", "-m", filepath.Join(dir, "context/videotoken")).Output()
	if err != nil {
		t.Fatal(err)
	}
	modules := regexp.MustCompile(`(?m)^\tdep\t(\S+)\t(\S+)`).FindAllStringSubmatch(string(out), -1)
	if len(modules) < 10 {
		t.Fatalf("Go lists %d modules", len(modules))
	}
	for _, m := range modules {
		if !listed[m[1]+" "+m[2]] {
			t.Errorf("%s %s is not in the bill of materials", m[1], m[2])
		}
	}
}

// inImage makes a command in the root of an image, which nobody can write to, with its user and
// environment. What an operator mounts is in the root already.
func inImage(rootfs string, config v1.Config, argv ...string) []string {
	const script = `mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" && cd / &&
		user="$0" && rootfs="$1" && shift && exec chroot --userspec="$user" "$rootfs" "$@"`
	command := append([]string{"env", "-i", "PATH=" + os.Getenv("PATH")}, config.Env...)
	return append(append(command, "unshare", "--mount", "--propagation", "private", "sh", "-c", script,
		config.User, rootfs), argv...)
}

// runImage has the image's service answer, and its health check say so.
func runImage(t *testing.T, rootfs string, config v1.Config) {
	addr, release, err := stack.ReservePort()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = release() })
	write(t, filepath.Join(rootfs, "etc/videotoken/videotoken.yaml"), fmt.Sprintf(
		"listen: %q\nadmin: \"\"\ndrain: 1h\n"+
			"cdns: [{name: own, url: \"https://films.example\", keys: [{id: 1, secret_file: "+
			"/run/secrets/own}]}]\n", addr))
	secret := filepath.Join(rootfs, "run/secrets/own")
	write(t, secret, token.FormatSecret([]byte("0123456789abcdef0123456789abcdef")))
	if err := os.Chown(secret, 65532, 65532); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(secret, 0o400); err != nil {
		t.Fatal(err)
	}
	check := inImage(rootfs, config, config.Healthcheck.Test[1:]...)
	health := func() (int, string) {
		cmd := exec.Command(check[0], check[1:]...)
		out, _ := cmd.CombinedOutput()
		return cmd.ProcessState.ExitCode(), string(out)
	}
	if status, out := health(); status != 1 || !strings.Contains(out, "connection refused") {
		t.Errorf("before the start: %d, %s", status, out)
	}
	p, err := stack.Start(t.TempDir(), "videotoken", nil,
		inImage(rootfs, config, config.Entrypoint...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Stop)
	await := func(want int) {
		t.Helper()
		for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
			if status, out := health(); status == want {
				return
			} else if time.Now().After(deadline) {
				t.Fatalf("the health check ends with %d: %s%s", status, out, p.Tail())
			}
		}
	}
	await(0)
	if err := stack.Signing(addr)(http.DefaultClient); err != nil {
		t.Error(err)
	}
	for file, want := range map[string]string{"status": "\nUid:\t65532\t65532\t65532\t65532\n" +
		"Gid:\t65532\t65532", "mountinfo": " / ro,"} {
		f, err := os.Open(fmt.Sprintf("/proc/%d/%s", p.PID(), file))
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(f)
		if _ = f.Close(); err != nil || !strings.Contains(string(b), want) {
			t.Errorf("%s: %v, without %q\n%s", file, err, want, b)
		}
	}
	if err := syscall.Kill(p.PID(), syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	await(1) // while it drains
}
