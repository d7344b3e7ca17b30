package server

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/goccy/go-json/jsontext"

	"videotoken/internal/revoked"
)

const (
	maxRevoked = 10_000          // sessions in an answer
	revokeTime = 5 * time.Second // until a session must be kept
)

// entry is a session as the admin endpoints have it.
type entry struct {
	Session string `json:"session"`
	Until   int64  `json:"until"`
}

// revoke is POST /revoke.
func (s *Server) revoke(w http.ResponseWriter, r *http.Request) {
	body, ok := readBody(w, r)
	if !ok {
		return
	}
	session, until, pointer := parseRevocation(body)
	switch {
	case pointer == "/session":
		answerProblem(w, http.StatusBadRequest, revoked.ErrSession.Error(), pointer)
		return
	case pointer == "/until":
		answerProblem(w, http.StatusBadRequest, "must be a whole number, seconds of Unix time",
			pointer)
		return
	case pointer != "":
		answerProblem(w,
			http.StatusBadRequest, `the body must be {"session":"...","until":N}, of which until may be left out, and nothing else`,
			"")
		return
	case s.revoked == nil:
		answerProblem(w, http.StatusNotImplemented,
			"revoked sessions would be kept nowhere: configure revocations", "")
		return
	}
	if until == 0 {
		until = s.now().Unix() + s.horizon.Load()
	}
	ctx, cancel := context.WithTimeout(r.Context(), revokeTime)
	defer cancel()
	err := s.revoked.Revoke(ctx, session, until)
	name := hex.EncodeToString(session[:])
	s.audit(r, "revoke", err, "session", name, "until", until)
	switch {
	case errors.Is(err, revoked.ErrOver), errors.Is(err, revoked.ErrLate):
		answerProblem(w, http.StatusBadRequest, err.Error(), "/until")
	case err != nil:
		w.Header().Set("Retry-After", "5")
		answerProblem(w, http.StatusServiceUnavailable, err.Error(), "")
	default:
		answerJSON(w, entry{name, until})
	}
}

// anywhere is the pointer of a mistake that has no place.
const anywhere = "/"

// parseRevocation reads {"session":"...","until":N}. until is 0 where it is left out. pointer says
// which member is wrong, "" if none is.
func parseRevocation(body []byte) (session [8]byte, until int64, pointer string) {
	d := jsontext.NewDecoder(bytes.NewReader(body)) // refuses names that are there twice
	if t, err := d.ReadToken(); err != nil || t.Kind() != '{' {
		return session, 0, anywhere
	}
	hasSession := false
	for d.PeekKind() != '}' {
		name, err := d.ReadToken()
		if err != nil {
			return session, 0, anywhere
		}
		member := name.String() // before the next token
		value, err := d.ReadValue()
		if err != nil {
			return session, 0, anywhere
		}
		switch member {
		case "session":
			hasSession = true
			text, isString := bytes.CutPrefix(value, []byte(`"`))
			if session, err = revoked.ParseSession(
				bytes.TrimSuffix(text, []byte(`"`))); err != nil || !isString {
				pointer = "/session"
			}
		case "until":
			if until, err = strconv.ParseInt(string(value), 10, 64); err != nil || until <= 0 {
				return session, 0, "/until"
			}
		default:
			return session, 0, anywhere
		}
	}
	if _, err := d.ReadToken(); err != nil {
		return session, 0, anywhere
	}
	if _, err := d.ReadToken(); err != io.EOF {
		return session, 0, anywhere
	}
	if !hasSession {
		pointer = "/session"
	}
	return session, until, pointer
}

// listRevoked is GET /revoked?since=N: see [revoked.Set.Since].
func (s *Server) listRevoked(w http.ResponseWriter, r *http.Request) {
	since, err := int64(0), error(nil)
	if text := r.URL.Query().Get("since"); text != "" {
		since, err = strconv.ParseInt(text, 10, 64)
	}
	switch {
	case err != nil || since < 0:
		answerProblem(w, http.StatusBadRequest, "since must be 0, or the next of an earlier answer",
			"")
		return
	case s.revoked != nil && !s.revoked.Loaded():
		w.Header().Set("Retry-After", "1")
		answerProblem(w, http.StatusServiceUnavailable, s.unready(), "")
		return
	}
	answer := struct {
		Revoked []entry `json:"revoked"`
		Next    int64   `json:"next"`
		More    bool    `json:"more"`
	}{Revoked: []entry{}}
	if s.revoked != nil {
		var entries []revoked.Entry
		entries, answer.Next, answer.More = s.revoked.Since(since, maxRevoked)
		for _, e := range entries {
			answer.Revoked = append(answer.Revoked,
				entry{hex.EncodeToString(e.Session[:]), e.Until})
		}
	}
	answerJSON(w, answer)
}
