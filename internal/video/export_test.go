package video

import "videotoken/internal/caller"

// Append is [Signer.AppendFor] for anybody.
func (s *Signer) Append(dst, body []byte, now int64) (out []byte, maxAge int64, err error) {
	return s.AppendFor(nil, dst, body, now)
}

// AppendFor is [Signer.Answer] for tests of the body alone.
func (s *Signer) AppendFor(by *caller.Caller, dst, body []byte,
	now int64) (out []byte, maxAge int64, err error) {
	a, err := s.Answer(dst, Question{Caller: by, Body: body, Now: now})
	return a.Body, a.MaxAge, err
}
