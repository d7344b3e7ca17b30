package video

import (
	"errors"
	"sync/atomic"

	"videotoken/internal/cdn"
	"videotoken/internal/scheme"
)

// maxMisses is how many signatures one request may wait for.
const maxMisses = 8

// Pending is the error of a request whose answer needs signatures that are not made yet. Start has
// them made, and then [Signer.Answer] gives the answer.
type Pending struct {
	misses []*scheme.Miss
	cdns   *cdn.Set
	picked []*cdn.CDN // of each video: the answer is on the CDNs that were picked first

	left   atomic.Int32 // the signatures that are still to be made, and one for Start itself
	failed atomic.Pointer[error]
}

func (p *Pending) Error() string { return "signatures of the answer are not made yet" }

// ErrBusy is the error of a request whose signatures cannot be made now: it needs too many at once,
// or too many requests wait already.
var ErrBusy = errors.New("too many signatures are to be made")

// Start has the signatures made by workers. Done is called once, perhaps from another goroutine,
// when all are there, or when one failed or cannot be made now: the next answer has the error.
func (p *Pending) Start(done func()) {
	p.left.Store(int32(len(p.misses)) + 1)
	made := func(err error) {
		if err != nil {
			p.failed.Store(&err)
		}
		if p.left.Add(-1) == 0 {
			done()
		}
	}
	for _, m := range p.misses {
		if err := m.Queue(made); err != nil {
			made(ErrBusy)
		}
	}
	made(nil)
}

// Make makes the signatures in the caller's goroutine: for command lines.
func (p *Pending) Make() error {
	for _, m := range p.misses {
		if err := m.Make(); err != nil {
			return err
		}
	}
	return nil
}

// err is why the signatures could not be made.
func (p *Pending) err() error {
	if err := p.failed.Load(); err != nil {
		return *err
	}
	return nil
}

// pending returns the error of a request with missing signatures.
func (r *request) pending(s *Signer) error {
	if len(r.misses) > maxMisses {
		for _, m := range r.misses[:maxMisses] { // so that another attempt has fewer to wait for
			if m.Queue(nil) != nil {
				break
			}
		}
		return ErrBusy
	}
	p := &Pending{cdns: s.CDNs}
	p.misses = append(p.misses, r.misses...)
	for _, v := range r.issued {
		p.picked = append(p.picked, v.CDN)
	}
	return p
}

// appendMissed appends URL i after an error. Where its signature is not made yet, that of the
// window before serves, and the next is made in the background; where that one is missing, too, the
// URL is left out and the request has one more miss.
func (r *request) appendMissed(dst []byte, c *cdn.CDN, i int, err error) ([]byte, error) {
	var miss *scheme.Miss
	if !errors.As(err, &miss) {
		return dst, err
	}
	if before, ok := r.lastWindow(r.claims); ok {
		if out, err := c.Signer.Append(dst, &r.sources[i].Source, &before); err == nil {
			r.useLastWindow(miss, &before)
			return out, nil
		}
	}
	r.misses = append(r.misses, miss)
	return dst, nil
}
