package revoked

import (
	"math"
	"sync"
	"sync/atomic"
	"time"
)

// memory has the sessions that are revoked. Readers take no lock.
type memory struct {
	now   func() time.Time
	grace atomic.Int64 // seconds that a session stays revoked after its time
	table atomic.Pointer[table]

	mu      sync.Mutex // the writers'
	learned int64      // the last record's
	swept   int64      // when sweep ran last, in Unix seconds
	mark    uint32     // the last of nextMark
}

// spare is for how many seconds more a session is kept: a clock that went ahead for a while must
// not have it forgotten.
const spare = 24 * 60 * 60

// maxSessions bounds the memory that Redis, or a file, can make a process take: 39 bytes a session.
const maxSessions = 16 << 20

func newMemory(now func() time.Time, grace int64) *memory {
	m := &memory{now: now}
	m.grace.Store(grace)
	m.table.Store(newTable(0))
	return m
}

// has reports whether a session is revoked now.
func (m *memory) has(session [8]byte) bool {
	r := m.table.Load().find(session)
	return r != nil && m.isOn(r, m.now().Unix())
}

// prefetch makes has fast for a session that is asked for soon.
func (m *memory) prefetch(session [8]byte) { m.table.Load().prefetch(session) }

// isOn reports whether the time of a session's revocation is not over.
func (m *memory) isOn(r *record, now int64) bool { return now <= int64(r.until)+m.grace.Load() }

func (m *memory) isKept(r *record, now int64) bool { return m.isOn(r, now-spare) }

// add adds a session, unless it is there until as late a time. It returns false if there is no
// room.
func (m *memory) add(session [8]byte, until uint32) bool { return m.addMarked(session, until, 0) }

// nextMark returns a mark for a pass over all that a file has, or Redis. addMarked sets it, and
// missing then tells what they lack.
func (m *memory) nextMark() uint32 {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.mark++
	return m.mark
}

// addMarked is add, and sets the mark of the session's record, unless memory has it until a later
// time.
func (m *memory) addMarked(session [8]byte, until, mark uint32) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	t := m.table.Load()
	if r := t.find(session); r != nil && r.until >= until {
		if r.until == until && mark != 0 {
			r.mark = mark
		}
		return true
	}
	if t.live >= maxSessions {
		return false
	}
	if t.records == t.room() {
		t = m.rebuild(t, t.live+t.live/2)
	}
	m.learned = max(m.learned+1, m.now().UnixMicro())
	t.add(record{session: session, learned: m.learned, until: until, mark: mark})
	return true
}

// missing calls f for each session that is revoked now and does not have a mark, until f returns
// false. f must not call m's methods.
func (m *memory) missing(mark uint32, f func(*record) bool) {
	m.all(math.MinInt64, func(r *record) bool { return r.mark == mark || f(r) })
}

// kept calls f for each session that is kept. f must not call m's methods.
func (m *memory) kept(f func(*record)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.now().Unix()
	m.table.Load().all(math.MinInt64, func(r *record) bool {
		if m.isKept(r, now) {
			f(r)
		}
		return true
	})
}

// reserve makes room for so many sessions, those among them that memory has.
func (m *memory) reserve(sessions int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	sessions = min(sessions, maxSessions)
	if t := m.table.Load(); t.room() < sessions {
		m.rebuild(t, sessions)
	}
}

// rebuild replaces a table by one of what is kept, with room for so many or some more.
func (m *memory) rebuild(old *table, room int) *table {
	now := m.now().Unix()
	t := newTable(room)
	old.all(math.MinInt64, func(r *record) bool {
		if m.isKept(r, now) {
			t.add(*r)
		}
		return true
	})
	m.table.Store(t)
	return t
}

// sweep forgets the sessions that need not be kept, if they are a good part of all. It reports
// whether the clock was set back since the last time: sessions may have been forgotten too early.
func (m *memory) sweep() (setBack bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.now().Unix()
	setBack = now < m.swept-clockStep
	m.swept = now
	t := m.table.Load()
	over := t.records - t.live
	t.all(math.MinInt64, func(r *record) bool {
		if !m.isKept(r, now) {
			over++
		}
		return true
	})
	if over > 0 && over >= t.records/8 {
		kept := t.records - over
		m.rebuild(t, kept+kept/4)
	}
	return setBack
}

// clockStep is by how many seconds a clock may go back without being noticed: what keeps clocks
// exact sets them back by less.
const clockStep = 60

// len is how many sessions there are, among them some whose time is over.
func (m *memory) len() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.table.Load().live
}

// lastLearned is when the last session was learned of.
func (m *memory) lastLearned() int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.learned
}

// all calls f for each session that is revoked now and was learned after a moment, in the order in
// which they were learned, until f returns false. f must not call m's methods.
func (m *memory) all(after int64, f func(*record) bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.now().Unix()
	m.table.Load().all(after, func(r *record) bool { return !m.isOn(r, now) || f(r) })
}
