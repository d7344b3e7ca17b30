package video

import "errors"

// ErrNotLoaded is the error of a request for tokens with a session while nobody knows which sessions
// are revoked: see [revoked.Set.Loaded].
var ErrNotLoaded = errors.New("video: it is not known yet which sessions are revoked")

// checkSession refuses a session that is revoked: nothing is signed for it.
func (s *Signer) checkSession(session [8]byte) error {
	switch {
	case s.Revoked == nil:
		return nil
	case !s.Revoked.Loaded():
		return ErrNotLoaded
	case s.Revoked.Has(session):
		return Forbidden{&Error{Pointer: "/token/session", Detail: "is revoked: begin a new session, and sign for that one"}}
	}
	return nil
}
