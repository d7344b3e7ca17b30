package main

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path"
	"path/filepath"
	"sync"
	"time"

	"videotoken/deploy/e2e/stack"
)

//go:embed page.html demo.css *.js
var files embed.FS

// demo is what the page may do with the stack: it revokes its session, and switches a CDN off and
// on. The page has no way to the service's admin listener itself.
type demo struct {
	stack *stack.Stack

	turning  sync.Mutex // one CDN at a time; questions of nginx never wait for it
	mu       sync.Mutex
	on       map[string]bool // by the CDN's name; turn alone writes it
	watchers map[chan []byte]bool
}

// asked is what a page is told of a question that nginx asked the service.
type asked struct {
	At     int64  `json:"at"` // Unix milliseconds
	CDN    string `json:"cdn"`
	URI    string `json:"uri"`
	Status int    `json:"status"`
	Reason string `json:"reason"`
}

func newDemo(s *stack.Stack) *demo {
	d := &demo{stack: s, on: map[string]bool{}, watchers: map[chan []byte]bool{}}
	for name := range s.Edges {
		d.on[name] = true
	}
	s.Recorder.Watch(func(x stack.Exchange) {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.tell("asked", asked{
			At: x.Asked.UnixMilli(), CDN: path.Base(x.Target), URI: x.URI(),
			Status: x.Status, Reason: x.Reason,
		})
	})
	return d
}

// handler serves the page, the scripts of players, and what the page asks for.
func (d *demo) handler(root string, hls http.Dir) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		http.ServeFileFS(w, r, files, "page.html")
	})
	mux.Handle("GET /", http.FileServerFS(files))
	mux.Handle("GET /hls.min.js", http.FileServer(hls))
	player := http.FileServer(http.Dir(filepath.Join(root, "deploy/player")))
	mux.Handle("GET /player/", http.StripPrefix("/player/", player))
	mux.HandleFunc("GET /settings.json", d.settings)
	mux.HandleFunc("GET /events", d.events)
	mux.HandleFunc("POST /revoke", d.revoke)
	mux.HandleFunc("POST /cdn", d.turn)
	// Pages of other origins may not revoke anything, or switch anything off.
	guarded := http.NewCrossOriginProtection().Handler(mux)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		guarded.ServeHTTP(unstored{w}, r)
	})
}

// unstored tells browsers to keep no answer: the next demonstration has other tokens. http.Error
// removes the header, so it is set with the status.
type unstored struct{ http.ResponseWriter }

func (w unstored) WriteHeader(status int) {
	w.Header().Set("Cache-Control", "no-store")
	w.ResponseWriter.WriteHeader(status)
}

func (w unstored) Write(b []byte) (int, error) {
	w.Header().Set("Cache-Control", "no-store") // of no effect after the first bytes
	return w.ResponseWriter.Write(b)
}

func (w unstored) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (d *demo) settings(w http.ResponseWriter, _ *http.Request) {
	cdns := map[string]string{}
	for name, e := range d.stack.Edges {
		cdns[name] = "http://" + e.Addr
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{
		"service": "http://" + d.stack.Service, "cdns": cdns, "document": film.Document(),
		"ttl": ttl, "leeway": stack.Leeway, "now": time.Now().UnixMilli(),
	})
}

// events tells a page which CDNs are on, and from then on what they were asked.
func (d *demo) events(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	c := make(chan []byte, 256)
	d.mu.Lock()
	d.watchers[c] = true
	c <- message("cdns", d.on)
	d.mu.Unlock()
	defer func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		delete(d.watchers, c)
	}()
	for {
		select {
		case <-r.Context().Done():
			return
		case m, ok := <-c:
			if !ok {
				return
			}
			if _, err := w.Write(m); err != nil || http.NewResponseController(w).Flush() != nil {
				return
			}
		}
	}
}

// tell tells every page; the caller has the lock. A page that does not read loses its connection,
// and opens another one.
func (d *demo) tell(event string, data any) {
	m := message(event, data)
	for c := range d.watchers {
		select {
		case c <- m:
		default:
			delete(d.watchers, c)
			close(c)
		}
	}
}

func message(event string, data any) []byte {
	b, err := json.Marshal(data)
	if err != nil {
		panic(err) // strings, numbers and booleans
	}
	return fmt.Appendf(nil, "event: %s\ndata: %s\n\n", event, b)
}

// revoke passes a page's session on to the admin listener, and its answer back.
func (d *demo) revoke(w http.ResponseWriter, r *http.Request) {
	var question struct {
		Session string `json:"session"`
	}
	if !read(w, r, &question) {
		return
	}
	body, err := json.Marshal(question)
	if err != nil {
		panic(err) // a string
	}
	url := "http://" + d.stack.Admin + "/revoke"
	answer, err := http.Post(url, "application/json", bytes.NewReader(body))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	defer answer.Body.Close()
	w.Header().Set("Content-Type", answer.Header.Get("Content-Type"))
	w.WriteHeader(answer.StatusCode)
	_, _ = io.Copy(w, answer.Body)
}

// turn switches a CDN off or on. One of them stays on: without any there is nothing to show.
func (d *demo) turn(w http.ResponseWriter, r *http.Request) {
	var question struct {
		Name string `json:"name"`
		On   bool   `json:"on"`
	}
	if !read(w, r, &question) {
		return
	}
	d.turning.Lock()
	defer d.turning.Unlock()
	edge, left := d.stack.Edges[question.Name], false
	for name, on := range d.on {
		left = left || (on && name != question.Name)
	}
	switch {
	case edge == nil:
		http.Error(w, "no CDN has this name", http.StatusNotFound)
		return
	case !question.On && !left:
		http.Error(w, "the other CDN is off", http.StatusConflict)
		return
	case question.On && !d.on[question.Name]:
		if err := d.stack.StartEdge(edge); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
	case !question.On && d.on[question.Name]:
		d.stack.StopEdge(edge)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.on[question.Name] = question.On
	d.tell("cdns", d.on)
	w.WriteHeader(http.StatusNoContent)
}

// read reads a question of a few bytes, and reports whether it could be.
func read(w http.ResponseWriter, r *http.Request, question any) bool {
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<10)).Decode(question)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
	}
	return err == nil
}
