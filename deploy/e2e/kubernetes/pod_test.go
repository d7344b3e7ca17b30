package kubernetes

import (
	"bufio"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
)

// pod is the service as the kubelet runs it: the container's arguments and environment, and its
// volumes in a folder that stands for the root.
type pod struct {
	spec      core.PodSpec
	container core.Container
	dir       string
	cmd       *exec.Cmd
	ports     map[string]string // the address of each named port
	logged    chan string       // messages
	exited    chan struct{}
}

// newPod makes the files of a pod, and names their folder in the configuration.
func newPod(t *testing.T) *pod {
	t.Helper()
	spec := decode[apps.Deployment](t).Spec.Template.Spec
	p := &pod{spec: spec, container: spec.Containers[0], dir: t.TempDir(), ports: map[string]string{},
		logged: make(chan string, 1000), exited: make(chan struct{})}
	config, secret := decode[core.ConfigMap](t), decode[core.Secret](t)
	for _, v := range spec.Volumes {
		files, mode := map[string]string{}, core.ConfigMapVolumeSourceDefaultMode
		switch {
		case v.ConfigMap != nil && v.ConfigMap.Name == config.Name:
			for name, text := range config.Data {
				files[name] = p.local(text)
			}
		case v.Secret != nil && v.Secret.SecretName == secret.Name:
			mode = *v.Secret.DefaultMode
			for name, b := range secret.Data {
				files[name] = string(b)
			}
		default:
			t.Fatalf("no object is the volume %s", v.Name)
		}
		p.mount(t, v.Name, "..1", files, os.FileMode(mode))
	}
	return p
}

// local replaces /etc/videotoken, the container's folder, with the folder that the test made.
func (p *pod) local(text string) string {
	return strings.ReplaceAll(text, "/etc/videotoken/", p.dir+"/etc/videotoken/")
}

// path is where a volume is mounted.
func (p *pod) path(t *testing.T, volume string) string {
	t.Helper()
	for _, m := range p.container.VolumeMounts {
		if m.Name == volume && m.ReadOnly && m.SubPath == "" {
			return filepath.Join(p.dir, m.MountPath)
		}
	}
	t.Fatalf("the volume %s is not mounted as a folder to read", volume)
	return ""
}

// mount writes the files of a volume as the kubelet does: into a folder of their own, which the
// link ..data then names. Each file is a link through that.
func (p *pod) mount(t *testing.T, volume, version string, files map[string]string,
	mode os.FileMode) {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	dir := p.path(t, volume)
	must(os.MkdirAll(filepath.Join(dir, version), 0o755))
	for name, text := range files {
		must(os.WriteFile(filepath.Join(dir, version, name), []byte(text), mode))
		if _, err := os.Lstat(filepath.Join(dir, name)); err != nil {
			must(os.Symlink("..data/"+name, filepath.Join(dir, name)))
		}
	}
	must(os.Symlink(version, filepath.Join(dir, "..next")))
	must(os.Rename(filepath.Join(dir, "..next"), filepath.Join(dir, "..data")))
}

// command is the container's command with more arguments.
func (p *pod) command(more ...string) *exec.Cmd {
	var args []string
	for _, arg := range p.container.Args {
		args = append(args, p.local(arg))
	}
	cmd := exec.Command(binary, append(args, more...)...)
	for _, v := range p.container.Env {
		cmd.Env = append(cmd.Env, v.Name+"="+v.Value)
	}
	return cmd
}

// start starts the service on free ports, and waits until it serves.
func (p *pod) start(t *testing.T) {
	t.Helper()
	p.cmd = p.command("-listen", "127.0.0.1:0", "-admin", "127.0.0.1:0")
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	stderr, err := p.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		<-p.exited
	})
	serving := make(chan map[string]string, 1)
	go func() {
		ports := map[string]string{}
		for lines := bufio.NewScanner(stderr); lines.Scan(); {
			var record struct{ Msg, Address string }
			_ = json.Unmarshal(lines.Bytes(), &record) // a line that is not JSON has no message
			switch record.Msg {
			case "admin endpoints":
				ports["admin"] = record.Address
			case "serving":
				ports["http"] = record.Address
				serving <- ports
			}
			p.logged <- record.Msg
		}
		_ = p.cmd.Wait()
		close(p.exited)
	}()
	select {
	case p.ports = <-serving:
	case <-p.exited:
		t.Fatalf("it ended: %v", p.cmd.ProcessState)
	case <-time.After(time.Minute):
		t.Fatal("it does not serve")
	}
}

// await waits until a message is logged.
func (p *pod) await(t *testing.T, message string) {
	t.Helper()
	for late := time.After(time.Minute); ; {
		select {
		case m := <-p.logged:
			if m == message {
				return
			}
		case <-late:
			t.Fatalf("%q is not logged", message)
		}
	}
}

// status is the status code of a request to a named port.
func (p *pod) status(t *testing.T, port, path string) int {
	t.Helper()
	res, err := http.Get("http://" + p.ports[port] + path)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	return res.StatusCode
}

// TestConfigurationCheck: the program finds no mistake in the ConfigMap, with the keys of the
// Secret, and misses a key that is not there.
func TestConfigurationCheck(t *testing.T) {
	p := newPod(t)
	out, err := p.command("-check").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, secret := range testKeys {
		if strings.Contains(string(out), strings.TrimSpace(secret)) {
			t.Errorf("a secret is in what it prints:\n%s", out)
		}
	}
	// Without the keys it must fail: then the check has read them.
	if err := os.Remove(filepath.Join(p.path(t, "keys"), "own-7")); err != nil {
		t.Fatal(err)
	}
	if out, err := p.command("-check").CombinedOutput(); err == nil {
		t.Errorf("without a key:\n%s", out)
	}
}

// TestBusy: a pod whose connections are all taken is alive, while new ones are refused.
func TestBusy(t *testing.T) {
	p := newPod(t)
	text := p.local(decode[core.ConfigMap](t).Data["videotoken.yaml"])
	p.mount(t, "config", "..2", map[string]string{
		"videotoken.yaml": text + "limits: {connections: 2}\n"}, 0o644)
	p.start(t)
	dial := func() net.Conn {
		c, err := net.Dial("tcp", p.ports["http"])
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		return c
	}
	for range 2 {
		if _, err := io.WriteString(dial(), "GET /healthz HTTP/1.1\r\nHost:"); err != nil {
			t.Fatal(err)
		}
	}
	// The third is refused before it asks, which net/http's client takes for an error.
	res, err := http.ReadResponse(bufio.NewReader(dial()), nil)
	if err != nil || res.StatusCode != http.StatusServiceUnavailable {
		t.Fatalf("a third connection: %v, %v", res, err)
	}
	for name, probe := range map[string]*core.Probe{"startup": p.container.StartupProbe,
		"liveness": p.container.LivenessProbe} {
		if s := p.status(t, probe.HTTPGet.Port.StrVal, probe.HTTPGet.Path); s != http.StatusOK {
			t.Errorf("%s: %d", name, s)
		}
	}
}

// TestPod: the service answers the probes where they ask; it reads keys again that the kubelet has
// swapped; after SIGTERM it is not ready and serves, and it ends in time.
func TestPod(t *testing.T) {
	p := newPod(t)
	p.start(t)
	for name, probe := range map[string]*core.Probe{"startup": p.container.StartupProbe,
		"liveness": p.container.LivenessProbe, "readiness": p.container.ReadinessProbe} {
		if s := p.status(t, probe.HTTPGet.Port.StrVal, probe.HTTPGet.Path); s != http.StatusOK {
			t.Errorf("%s: %d", name, s)
		}
	}
	if s := p.status(t, "admin", "/metrics"); s != http.StatusOK {
		t.Errorf("/metrics: %d", s)
	}

	keys := map[string]string{"akamai-1": testKeys["akamai-1"],
		"own-7": strings.Replace(testKeys["own-7"], "A", "B", 1)}
	p.mount(t, "keys", "..2", keys, 0o440)
	p.await(t, "configuration read again")

	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	p.await(t, "draining")
	if s := p.status(t, p.container.ReadinessProbe.HTTPGet.Port.StrVal,
		p.container.ReadinessProbe.HTTPGet.Path); s != http.StatusServiceUnavailable {
		t.Errorf("readiness after SIGTERM: %d", s)
	}
	if s := p.status(t, p.container.LivenessProbe.HTTPGet.Port.StrVal,
		p.container.LivenessProbe.HTTPGet.Path); s != http.StatusOK {
		t.Errorf("liveness after SIGTERM: %d", s)
	}
	select {
	case <-p.exited:
	case <-time.After(time.Minute):
		t.Fatal("it does not end")
	}
	if !p.cmd.ProcessState.Success() {
		t.Errorf("it ended with %v", p.cmd.ProcessState)
	}
}
