package config

import (
	"context"
	"crypto/sha256"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/fsnotify/fsnotify"
)

// Watch calls changed whenever the content of one of the files is another one, or can be read no
// more, or again, until ctx ends: within a second, and once at the start, for what changed since
// the files were read. It asks for their names each time, since a new configuration has other
// secret files. changed is never called twice at once.
//
// The kernel tells of changes in the files' folders, which covers an editor's rename and the
// symbolic links that Kubernetes swaps. A look at the files twice a second covers what it does not
// tell: folders of the network, mounts, and watches that were lost.
func Watch(ctx context.Context, files func() []string, changed func()) {
	w := watcher{files: files, poll: pollTime, quiet: quietTime}
	// else there are too many: looking will do
	if notifier, err := fsnotify.NewWatcher(); err == nil {
		defer notifier.Close()
		w.notifier = notifier
	}
	w.run(ctx, changed)
}

// A file is read once nothing happened to it for quietTime, so that who writes it in several steps
// has the time to. It does not wait longer than pollTime.
const (
	pollTime  = 400 * time.Millisecond
	quietTime = 50 * time.Millisecond
)

// recent is for how long after a change of a file its time does not tell whether there was another
// one: file systems count time in steps.
const recent = 2 * time.Second

type watcher struct {
	files    func() []string
	notifier *fsnotify.Watcher // nil: none
	poll     time.Duration
	quiet    time.Duration

	known map[string]seenFile
}

// seenFile is a file as it was when it was read. The zero value is one that cannot be read.
type seenFile struct {
	info os.FileInfo
	at   time.Time
	sum  [sha256.Size]byte
}

func (w *watcher) run(ctx context.Context, changed func()) {
	w.look(true)
	changed()
	ticker := time.NewTicker(w.poll)
	defer ticker.Stop()
	events := make(chan fsnotify.Event) // of nobody
	var lost chan error
	if w.notifier != nil {
		events, lost = w.notifier.Events, w.notifier.Errors
	}
	for {
		told := false
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		case <-lost: // some events: look at all files
			told = true
		case <-events:
			told = true
			w.settle(ctx, events)
		}
		if w.look(told) {
			changed()
		}
	}
}

// settle waits until there are no events for a while.
func (w *watcher) settle(ctx context.Context, events <-chan fsnotify.Event) {
	end := time.After(w.poll)
	for {
		select {
		case <-events:
		case <-time.After(w.quiet):
			return
		case <-end:
			return
		case <-ctx.Done():
			return
		}
	}
}

// look reports whether a file has another content than the last time. told says that the kernel
// told of a change, so that the times of files are not to be trusted.
func (w *watcher) look(told bool) (changed bool) {
	names := w.files()
	known := make(map[string]seenFile, len(names))
	for _, name := range names {
		before, is := w.known[name]
		now := before
		info, err := os.Stat(name)
		switch {
		case err != nil:
			now = seenFile{}
		case told || !is || !before.isLike(info):
			now = readSeen(name, info)
		}
		changed = changed || is && now.sum != before.sum
		known[name] = now
	}
	w.known = known
	w.watchFolders(names)
	return changed
}

// isLike reports whether a file whose status is info must have the content that was read.
func (s *seenFile) isLike(info os.FileInfo) bool {
	return s.info != nil && os.SameFile(s.info, info) && s.info.Size() == info.Size() &&
		s.info.Mode() == info.Mode() &&
		s.info.ModTime().Equal(info.ModTime()) && s.at.Sub(info.ModTime()) > recent
}

func readSeen(name string, info os.FileInfo) seenFile {
	at := time.Now()
	f, err := readFile(name, maxSize+1)
	if err != nil {
		return seenFile{}
	}
	return seenFile{info, at, sha256.Sum256(f.data)}
}

// watchFolders has the kernel tell of changes in the folders of the files, and in those that
// symbolic links lead to. A folder that was made anew is watched again.
func (w *watcher) watchFolders(names []string) {
	if w.notifier == nil {
		return
	}
	var folders []string
	for _, name := range names {
		folders = append(folders, filepath.Dir(name))
		if resolved, err := filepath.EvalSymlinks(name); err == nil {
			folders = append(folders, filepath.Dir(resolved))
		}
	}
	slices.Sort(folders)
	folders = slices.Compact(folders)
	for _, folder := range w.notifier.WatchList() {
		if !slices.Contains(folders, folder) {
			_ = w.notifier.Remove(folder)
		}
	}
	for _, folder := range folders {
		_ = w.notifier.Add(folder) // without it, the next look sees the change
	}
}
