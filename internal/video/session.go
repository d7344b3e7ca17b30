package video

import "videotoken/internal/revoked"

// checkSession refuses a session that is revoked: nothing is signed for it.
func (s *Signer) checkSession(session [8]byte) error {
	switch {
	case s.Revoked == nil:
		return nil
	case !s.Revoked.Loaded():
		return revoked.ErrNotLoaded
	case s.Revoked.Has(session):
		return Forbidden{&Error{Pointer: "/token/session",
			Detail: "is revoked: begin a new session, and sign for that one"}}
	}
	return nil
}
