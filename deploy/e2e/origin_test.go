package e2e

import (
	"bytes"
	"hash/fnv"
	"math/rand/v2"
	"net/http"
	"path"
	"strings"
	"sync"
	"time"
)

// films are the origin's files. No token is ever made for the last ones: they must never be served.
var films = []string{
	"/films/a.mp4", "/films/a,b.mp4", "/films/(b)!*'$&+.mp4", "/films/my film+1.mp4",
	"/vidéos/été.mp4",
	"/hls/bbb/master.m3u8", "/hls/bbb/seg-1.ts", "/hls/bbb/720p/seg-1.ts", "/hls/bbb/720p/seg-2.ts",
	"/hls/bbb2/seg-1.ts", "/hls/x.ts", "/secret/x.ts", "/hls/secret/x.ts", "/hls/bbb/..secret/x.ts",
}

// film returns the content of the file of a path: longer than a proxy's buffers, and different for
// every path.
func film(name string) []byte {
	h := fnv.New64a()
	_, _ = h.Write([]byte(name))
	src := rand.New(rand.NewPCG(h.Sum64(), 0))
	b := make([]byte, 3<<20+137)
	for i := range b {
		b[i] = byte(src.Uint32())
	}
	return append([]byte(name+"\n"), b...)
}

// originRequest is a request that reached the origin.
type originRequest struct{ target, host string }

// naive is an origin that does everything an origin should not: it decodes, follows dots, takes "\"
// and "//" for "/", and lets every page read its answers. It serves whatever gets past an edge.
type naive struct {
	files map[string][]byte

	mu     sync.Mutex
	served []originRequest
}

func newNaive() *naive {
	n := &naive{files: map[string][]byte{}}
	for _, name := range films {
		n.files[name] = film(name)
	}
	return n
}

func (n *naive) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	n.mu.Lock()
	n.served = append(n.served, originRequest{r.RequestURI, r.Host})
	n.mu.Unlock()
	w.Header().Set("Access-Control-Allow-Origin", "*")
	w.Header().Set("Access-Control-Allow-Credentials", "true")
	w.Header().Set("Access-Control-Allow-Methods", "GET, PUT")
	w.Header().Set("Access-Control-Allow-Headers", "*")
	w.Header().Set("Access-Control-Expose-Headers", "*")
	w.Header().Set("Access-Control-Max-Age", "1")
	w.Header().Set("X-Token-Reason", "of-the-origin")
	name := path.Clean(strings.ReplaceAll(r.URL.Path, `\`, "/"))
	body, ok := n.files[name]
	if !ok {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Cache-Control", "max-age=60")
	w.Header().Set("ETag", `"1"`)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
}

// take returns the requests since the last call.
func (n *naive) take() []originRequest {
	n.mu.Lock()
	defer n.mu.Unlock()
	served := n.served
	n.served = nil
	return served
}
