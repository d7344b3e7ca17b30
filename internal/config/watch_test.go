package config

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/fsnotify/fsnotify"
)

// watched is what a test's changed saw of two files, each time that it was called.
type watched struct {
	mu    sync.Mutex
	seen  []string
	files []string
}

func (w *watched) names() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.files)
}

func (w *watched) use(files ...string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.files = files
}

func (w *watched) changed() {
	content := ""
	for _, name := range w.names() {
		b, err := os.ReadFile(name)
		if err != nil {
			b = []byte("missing")
		}
		content += string(b) + " "
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.seen = append(w.seen, content)
}

func (w *watched) calls() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.seen)
}

// await waits until the last thing that was seen is content, and returns how long that took.
func (w *watched) await(tb testing.TB, content string) time.Duration {
	tb.Helper()
	began := time.Now()
	for {
		calls := w.calls()
		if len(calls) > 0 && calls[len(calls)-1] == content+" " {
			return time.Since(began)
		}
		if time.Since(began) > 30*time.Second {
			tb.Fatalf("%q is never seen, but %q", content, calls)
		}
		time.Sleep(time.Millisecond)
	}
}

func put(tb testing.TB, name, content string) {
	tb.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o755),
		os.WriteFile(name, []byte(content), 0o600)); err != nil {
		tb.Fatal(err)
	}
}

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

// mount is a folder as Kubernetes mounts a Secret: "..data" leads to a folder with a time in its
// name, and each file to a file in "..data".
type mount struct{ dir string }

// set gives the mount's files another content, all at once.
func (m mount) set(tb testing.TB, version int, files map[string]string) {
	tb.Helper()
	stamp := fmt.Sprintf("..2026_11_27_10_30_00.%09d", version)
	for name, content := range files {
		put(tb, filepath.Join(m.dir, stamp, name), content)
		if link := filepath.Join(m.dir, name); version == 1 {
			must(tb, os.Symlink(filepath.Join("..data", name), link))
		}
	}
	old, _ := os.Readlink(filepath.Join(m.dir, "..data"))
	must(tb, os.Symlink(stamp, filepath.Join(m.dir, "..data_tmp")))
	must(tb, os.Rename(filepath.Join(m.dir, "..data_tmp"), filepath.Join(m.dir, "..data")))
	if old != "" {
		must(tb, os.RemoveAll(filepath.Join(m.dir, old)))
	}
}

// TestWatch: every way in which a file changes is seen, by what the kernel tells alone, by looking
// alone, and by both.
func TestWatch(t *testing.T) {
	for _, by := range []string{"both", "kernel", "looking"} {
		t.Run(by, func(t *testing.T) {
			dir := t.TempDir()
			file, secrets := filepath.Join(dir, "conf", "videotoken.yaml"),
				mount{filepath.Join(dir, "secrets")}
			key, other := filepath.Join(secrets.dir, "key"), filepath.Join(secrets.dir, "other")
			put(t, file, "a")
			secrets.set(t, 1, map[string]string{"key": "k", "other": "o"})
			w := &watched{files: []string{file, key}}
			x := watcher{files: w.names, poll: pollTime, quiet: quietTime}
			if by != "looking" {
				n, err := fsnotify.NewWatcher()
				must(t, err)
				x.notifier = n
				defer n.Close()
			}
			if by == "kernel" {
				x.poll = time.Hour
			}
			ctx, cancel := context.WithCancel(context.Background())
			var ended sync.WaitGroup
			ended.Go(func() { x.run(ctx, w.changed) })
			defer ended.Wait()
			defer cancel()
			w.await(t, "a k") // at the start

			var worst time.Duration
			now := time.Now().Add(time.Minute) // as recent as can be
			for _, step := range []struct {
				name string
				do   func()
				sees string
			}{
				{"written in place", func() { put(t, file, "b") }, "b k"},
				{"of the same length", func() { put(t, file, "c") }, "c k"},
				{"an editor's rename", func() {
					put(t, file+".swp", "d")
					must(t, os.Rename(file+".swp", file))
				}, "d k"},
				{"an editor's backup", func() {
					must(t, os.Rename(file, file+"~"))
					put(t, file, "e")
				}, "e k"},
				{"symbolic links swapped", func() {
					secrets.set(t, 2, map[string]string{"key": "l", "other": "p"})
				}, "e l"},
				{"swapped again", func() {
					secrets.set(t, 3, map[string]string{"key": "m", "other": "p"})
				}, "e m"},
				{"written where the link leads", func() {
					name, err := filepath.EvalSymlinks(key)
					must(t, err)
					put(t, name, "n")
				}, "e n"},
				{"at a time of now", func() {
					put(t, file, "x")
					must(t, os.Chtimes(file, now, now))
				}, "x n"},
				{"at the same time", func() {
					put(t, file, "y")
					must(t, os.Chtimes(file, now, now))
				}, "y n"},
				{"truncated", func() { must(t, os.Truncate(file, 0)) }, " n"},
				{"written again", func() { put(t, file, "f") }, "f n"},
				{"gone", func() { must(t, os.Remove(file)) }, "missing n"},
				{"back as it was", func() { put(t, file, "f") }, "f n"},
				{"the folder moved away", func() {
					must(t, os.Rename(filepath.Dir(file), filepath.Join(dir, "old")))
				}, "missing n"},
			} {
				step.do()
				d := w.await(t, step.sees)
				worst = max(worst, d)
				t.Logf("%s: %v", step.name, d)
			}
			if by == "kernel" {
				return // the folder is not there, and nobody tells when it is
			}
			put(t, file, "g")
			w.await(t, "g n")
			put(t, file, "h") // in the new folder
			worst = max(worst, w.await(t, "h n"))
			// Another file, and no more the one before.
			w.use(file, other)
			put(t, file, "i")
			w.await(t, "i p")
			secrets.set(t, 4, map[string]string{"key": "z", "other": "q"})
			worst = max(worst, w.await(t, "i q"))
			t.Logf("seen within %v", worst)
		})
	}
}

// TestWatchCalls: a change is told once, however many steps it has, and what changes no content not
// at all.
func TestWatchCalls(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "videotoken.yaml")
	put(t, file, "a")
	old := time.Now().Add(-time.Hour)
	must(t, os.Chtimes(file, old, old))
	w := &watched{files: []string{file}}
	ctx, cancel := context.WithCancel(context.Background())
	var ended sync.WaitGroup
	n, err := fsnotify.NewWatcher()
	must(t, err)
	defer n.Close()
	x := watcher{files: w.names, notifier: n, poll: time.Minute, quiet: time.Second}
	ended.Go(func() { x.run(ctx, w.changed) })
	w.await(t, "a")
	for range 10 {
		must(t, os.Chtimes(file, time.Now(), time.Now()))
		put(t, filepath.Join(dir, "log"), "x")
		put(t, file, "a")
	}
	put(t, file, "b")
	must(t, os.Chtimes(file, old, old)) // as long as before, and as old
	w.await(t, "b")
	f, err := os.Create(file)
	must(t, err)
	for _, part := range []string{"one ", "two ", "three"} { // faster than x.quiet
		_, err := f.WriteString(part)
		must(t, err)
	}
	must(t, f.Close())
	w.await(t, "one two three")
	cancel()
	ended.Wait()
	if calls := w.calls(); !slices.Equal(calls, []string{"a ", "b ", "one two three "}) {
		t.Errorf("%q", calls)
	}
}

// TestFiles: a configuration says which files it was read from, and whether it is the same as
// another one.
func TestFiles(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "videotoken.yaml")
	secret := func(c byte) string { return string(slices.Repeat([]byte{c}, 42)) + "A\n" }
	put(t,
		file, `cdns: [{name: a, url: "https://a.example", keys: [{id: 1, secret_file: k1}, {id: 2, secret_file: `+
			dir+`/k2}]}]`)
	put(t, filepath.Join(dir, "k1"), secret('a'))
	put(t, filepath.Join(dir, "k2"), secret('b'))
	load := func() *Config {
		t.Helper()
		c, err := Load(file)
		must(t, err)
		return c
	}
	first := load()
	if want := []string{file, filepath.Join(dir, "k1"),
		filepath.Join(dir, "k2")}; !slices.Equal(first.Files, want) {
		t.Errorf("%q, want %q", first.Files, want)
	}
	if load().Sum != first.Sum {
		t.Error("the same files have another sum")
	}
	put(t, filepath.Join(dir, "k2"), secret('c'))
	if load().Sum == first.Sum {
		t.Error("another secret has the same sum")
	}
	must(t, os.Remove(filepath.Join(dir, "k1")))
	_, err := Load(file)
	var m *Mistakes
	if !errors.As(err, &m) || !slices.Equal(m.Files, first.Files) {
		t.Errorf("%v", err)
	}
}

// TestWatchItself: Watch looks at the start and at each change.
func TestWatchItself(t *testing.T) {
	file := filepath.Join(t.TempDir(), "videotoken.yaml")
	put(t, file, "a")
	w := &watched{files: []string{file}}
	ctx, cancel := context.WithCancel(context.Background())
	var ended sync.WaitGroup
	ended.Go(func() { Watch(ctx, w.names, w.changed) })
	w.await(t, "a")
	put(t, file, "b")
	w.await(t, "b")
	cancel()
	ended.Wait()
}
