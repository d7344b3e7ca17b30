package server

import (
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/pprof"
	"net/netip"
	runtimepprof "runtime/pprof"
	"slices"
	"strings"
	"time"

	"github.com/valyala/fasthttp"

	"videotoken/internal/caller"
	"videotoken/internal/mediatype"
	"videotoken/internal/revoked"
)

// Admin says who may use the admin endpoints.
type Admin struct {
	Key   *caller.Hash // of the API key that endpoints ask for; nil: they ask for none
	Hosts []string     // in lower case: what a request's Host may be, besides the loopback's names
}

// maxAdminBody bounds the body of a request to the admin endpoints.
const maxAdminBody = 4 << 10

// ServeAdmin serves the admin endpoints on a listener of their own, which only operators reach,
// until Shutdown's caller closes the listener. It is net/http's: these endpoints are not hot, and
// pprof is made for it.
func (s *Server) ServeAdmin(ln net.Listener) error { return s.serveAdmin(ln, usualAdmin) }

func (s *Server) serveAdmin(ln net.Listener, l adminLimits) error {
	conns := adminConns{limit: l.conns, since: map[net.Conn]int64{}}
	h := &http.Server{
		Handler: s.adminHandler(), ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout: 10 * time.Second,
		IdleTimeout: l.idle, MaxHeaderBytes: MaxHeader, ConnState: conns.note,
		WriteTimeout: l.write, // to which pprof adds the ?seconds= of a profile
	}
	return h.Serve(ln)
}

func (s *Server) adminHandler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", s.metrics.handler())
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "ok\n")
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if reason := s.unready(); reason != "" {
			answerProblem(w, http.StatusServiceUnavailable, reason, "")
			return
		}
		_, _ = io.WriteString(w, "ok\n")
	})
	mux.HandleFunc("GET /version", func(w http.ResponseWriter, _ *http.Request) {
		answerJSON(w, s.build)
	})
	mux.HandleFunc("GET /revoked", s.guard(s.listRevoked))
	mux.HandleFunc("POST /revoke", s.guard(s.revoke))
	mux.HandleFunc("POST /reload", s.guard(s.reloadConfiguration))
	mux.HandleFunc("GET /debug/pprof/", s.guard(serveProfile))
	mux.HandleFunc("GET /debug/pprof/cmdline", s.guard(pprof.Cmdline))
	mux.HandleFunc("GET /debug/pprof/profile", s.guard(pprof.Profile))
	mux.HandleFunc("GET /debug/pprof/symbol", s.guard(pprof.Symbol))
	mux.HandleFunc("GET /debug/pprof/trace", s.guard(pprof.Trace))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if h, pattern := mux.Handler(r); pattern == "" {
			refuseUnserved(w, r, h)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// refuseUnserved answers a request whose path, or whose method, has no handler. h is what the mux
// would answer it with: plain text, but it knows which methods the path has.
func refuseUnserved(w http.ResponseWriter, r *http.Request, h http.Handler) {
	unsent := headerOnly{}
	h.ServeHTTP(unsent, r)
	if allow := http.Header(unsent).Get("Allow"); allow != "" {
		w.Header().Set("Allow", allow)
		answerProblem(w, http.StatusMethodNotAllowed, detailMethod+allow, "")
		return
	}
	answerProblem(w, http.StatusNotFound,
		"there is nothing here: the admin endpoints are /metrics, /healthz, "+
			"/readyz, /version, /reload, /revoke, /revoked and /debug/pprof/", "")
}

// headerOnly is the header of an answer that is not sent.
type headerOnly http.Header

// Header implements [http.ResponseWriter].
func (h headerOnly) Header() http.Header { return http.Header(h) }

// WriteHeader implements [http.ResponseWriter].
func (headerOnly) WriteHeader(int) {}

// Write implements [http.ResponseWriter].
func (headerOnly) Write(p []byte) (int, error) { return len(p), nil }

// serveProfile answers with the list of the profiles, or with one of them.
func serveProfile(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimPrefix(r.URL.Path, "/debug/pprof/")
	if name != "" && runtimepprof.Lookup(name) == nil {
		answerProblem(w, http.StatusNotFound, "there is no such profile: /debug/pprof/ lists them",
			"")
		return
	}
	pprof.Index(w, r)
}

// unready says why new requests should not come here, "" if they should.
func (s *Server) unready() string {
	switch {
	case s.draining.Load():
		return "shutting down"
	case s.revoked != nil && !s.revoked.Loaded():
		return revoked.ErrNotLoaded.Error() + ": Redis was not reached"
	}
	return ""
}

// guard lets those pass who have the admin's key, where there is one, and keeps out what a browser
// sends for a page: by its Origin, by a content type that a form cannot have, and by a Host that is
// not this machine's, which a page has whose name was made to lead here.
func (s *Server) guard(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		admin := &s.state.Load().admin
		isPost := r.Method == http.MethodPost
		status, detail := 0, ""
		switch {
		case r.Header["Origin"] != nil:
			status, detail = http.StatusForbidden,
				"requests of web pages are not served here: send no Origin"
		case (isPost || admin.Key == nil) && !admin.knows(r.Host):
			status, detail = http.StatusForbidden, "the Host is not one of this machine: ask by "+
				"a loopback address, or add it to admin_hosts"
		case !admin.admits(r):
			w.Header().Set("WWW-Authenticate", `Bearer realm="videotoken admin"`)
			status, detail = http.StatusUnauthorized,
				"the admin's key is needed: send it as Authorization: Bearer KEY"
		case isPost && !mediatype.Is([]byte(r.Header.Get("Content-Type")), "application/json"):
			status, detail = http.StatusUnsupportedMediaType, detailJSON
		}
		if status != 0 {
			s.log.Warn("admin: refused", "method", r.Method, "path", r.URL.Path, "peer",
				r.RemoteAddr, "status", status)
			answerProblem(w, status, detail, "")
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxAdminBody)
		next(w, r)
	}
}

// admits reports whether a request has the admin's key, in one header.
func (a *Admin) admits(r *http.Request) bool {
	if a.Key == nil {
		return true
	}
	values := r.Header["Authorization"]
	return len(values) == 1 && a.Key.Is(bearerKey([]byte(values[0])))
}

// knows reports whether a Host is one of the loopback interface, or configured.
func (a *Admin) knows(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.ToLower(host)
	if addr, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil {
		return addr.Unmap().IsLoopback() || slices.ContainsFunc(a.Hosts, func(h string) bool {
			return strings.Trim(h, "[]") == addr.String()
		})
	}
	return host == "localhost" || slices.Contains(a.Hosts, host)
}

// reloadConfiguration is POST /reload.
func (s *Server) reloadConfiguration(w http.ResponseWriter, r *http.Request) {
	if s.reload == nil {
		answerProblem(w, http.StatusNotImplemented,
			"there is no configuration that could be read again", "")
		return
	}
	err := s.reload()
	s.audit(r, "reload", err)
	if err != nil {
		answerProblem(w, http.StatusUnprocessableEntity,
			"the configuration stays as it was: "+err.Error(), "")
		return
	}
	answerJSON(w, map[string]bool{"reloaded": true})
}

// audit logs what an admin did, and what came of it.
func (s *Server) audit(r *http.Request, action string, err error, attributes ...any) {
	outcome := "done"
	if err != nil {
		outcome = err.Error()
	}
	by := "anybody"
	if key := s.state.Load().admin.Key; key != nil {
		by = "key " + key.String()[:8] // of its hash
	}
	s.log.Info("admin: "+action,
		append([]any{"outcome", outcome, "peer", r.RemoteAddr, "by", by}, attributes...)...)
}

func answerJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_ = json.NewEncoder(w).Encode(v) // an error is one of the connection
}

func answerProblem(w http.ResponseWriter, status int, detail, pointer string) {
	w.Header().Set("Content-Type", problemType)
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(appendProblem(nil, status, detail, pointer))
}

// readBody reads the body of a request. It answers an error, and reports false then.
func readBody(w http.ResponseWriter, r *http.Request) ([]byte, bool) {
	body, err := io.ReadAll(r.Body)
	var long *http.MaxBytesError
	switch {
	case errors.As(err, &long):
		answerProblem(w, http.StatusRequestEntityTooLarge, detailSize(maxAdminBody), "")
	case err != nil:
		answerProblem(w, fasthttp.StatusBadRequest, "the body could not be read", "")
	}
	return body, err == nil
}
