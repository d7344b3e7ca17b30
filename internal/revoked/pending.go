package revoked

import (
	"strconv"
	"sync"
)

// pending has the changes that this process added to the stream and did not see there yet. One that
// Redis acknowledged, and that is not there the next time, is lost.
type pending struct {
	mu      sync.Mutex
	number  uint64
	changes map[string]bool // by the change's name: whether it was acknowledged
}

// begin returns a name for a change that is about to be added.
func (p *pending) begin(self string) (by string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.changes == nil {
		p.changes = map[string]bool{}
	}
	p.number++
	by = self + "-" + strconv.FormatUint(p.number, 10)
	p.changes[by] = false
	return by
}

// acknowledge notes that Redis has a change, unless it was seen there meanwhile.
func (p *pending) acknowledge(by string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, there := p.changes[by]; there {
		p.changes[by] = true
	}
}

// see forgets a change: it was seen, or need not be.
func (p *pending) see(by string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.changes, by)
}

// acknowledged returns the changes that were acknowledged.
func (p *pending) acknowledged() (due []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for by, acknowledged := range p.changes {
		if acknowledged {
			due = append(due, by)
		}
	}
	return due
}

// seen reports whether all of some changes were seen.
func (p *pending) seen(due []string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, by := range due {
		if _, there := p.changes[by]; there {
			return false
		}
	}
	return true
}
