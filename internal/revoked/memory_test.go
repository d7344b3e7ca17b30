package revoked

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// clock is a clock that a test sets.
type clock struct{ micros atomic.Int64 }

func newClock(unix int64) *clock {
	c := new(clock)
	c.set(unix)
	return c
}

func (c *clock) set(unix int64) { c.micros.Store(unix * 1e6) }
func (c *clock) now() time.Time { return time.UnixMicro(c.micros.Load()) }

// testTime is the time of most tests, and testUntil until when they revoke. It is far away because
// Redis has a clock of its own.
const (
	testTime  = 1_790_000_000
	testUntil = 4_000_000_000
)

// id makes a session of a number, its bytes in no order.
func id(i int) (session [8]byte) {
	binary.BigEndian.PutUint64(session[:], uint64(i)*0x9E3779B97F4A7C15+1)
	return session
}

// TestMemoryModel compares the set with a map through random additions, growth, sweeps and a clock
// that goes on.
func TestMemoryModel(t *testing.T) {
	const sessions, grace = 20_000, 300
	c := newClock(testTime)
	m := newMemory(c.now, grace)
	random := rand.New(rand.NewPCG(1, 2))
	model := map[[8]byte]uint32{}
	now := int64(testTime)
	for step := range 60_000 {
		session, until := id(random.IntN(sessions)), uint32(now-400+random.Int64N(2000))
		if !m.add(session, until) {
			t.Fatal("no room")
		}
		model[session] = max(model[session], until)
		if step%1000 == 0 {
			now += random.Int64N(60)
			c.set(now)
		}
		if step%7000 == 0 {
			m.sweep()
		}
	}
	on := 0
	for i := range sessions {
		want := model[id(i)] != 0 && now <= int64(model[id(i)])+grace
		if want {
			on++
		}
		if got := m.has(id(i)); got != want {
			t.Fatalf("session %d, until %d at %d: %v", i, model[id(i)], now, got)
		}
	}
	listed := 0
	last := int64(0)
	m.all(math.MinInt64, func(r *record) bool {
		if r.until != model[r.session] || r.learned <= last {
			t.Errorf("%x: until %d, want %d; learned at %d after %d", r.session, r.until, model[r.session],
				r.learned, last)
		}
		last = r.learned
		listed++
		return true
	})
	if listed != on || on < 1000 || on > sessions-1000 {
		t.Errorf("%d listed, %d revoked", listed, on)
	}
}

// TestTime: a session is revoked through the last second of its time and of the grace.
func TestTime(t *testing.T) {
	c := newClock(testTime)
	m := newMemory(c.now, 310)
	m.add(id(1), testTime+100)
	m.add(id(1), testTime+50) // takes nothing back
	m.add(id(2), math.MaxUint32)
	for _, step := range []struct {
		at   int64
		want bool
	}{{testTime, true}, {testTime + 410, true}, {testTime + 411, false}, {testTime - 1e6, true}} {
		if c.set(step.at); m.has(id(1)) != step.want || !m.has(id(2)) {
			t.Errorf("at %+d: %v", step.at-testTime, !step.want)
		}
	}
	c.set(testTime + 411)
	m.grace.Store(400)
	if !m.has(id(1)) {
		t.Error("a longer grace does not count")
	}
	m.add(id(1), testTime+1000)
	c.set(testTime + 1400)
	if !m.has(id(1)) {
		t.Error("a later time does not count")
	}
}

// TestSweep: what was over for a day is forgotten, what was not is kept, and a clock that was set
// back is told.
func TestSweep(t *testing.T) {
	c := newClock(testTime)
	m := newMemory(c.now, 0)
	for i := range 1000 {
		m.add(id(i), testTime+uint32(i))
	}
	c.set(testTime + spare)
	if m.sweep() || m.len() != 1000 || m.has(id(999)) {
		t.Errorf("%d sessions, want 1000", m.len())
	}
	c.set(testTime + spare + 600)
	if m.sweep() || m.len() != 400 {
		t.Errorf("%d sessions, want 400", m.len())
	}
	if c.set(testTime + spare + 541); m.sweep() {
		t.Error("a clock that was set back by 59 seconds is told")
	}
	if c.set(testTime + spare + 480); !m.sweep() || m.sweep() {
		t.Error("a clock that was set back by 61 seconds is told once")
	}
	c.set(testTime + 500)
	for i := range 1000 {
		if m.has(id(i)) != (i >= 600) {
			t.Errorf("session %d", i)
		}
	}
}

// TestLearned: what is new since the answer before, each once, and what is over is left out.
func TestLearned(t *testing.T) {
	c := newClock(testTime)
	m := newMemory(c.now, 0)
	read := func(after int64) (got []int, last int64) {
		last = after
		m.all(after, func(r *record) bool {
			for i := range 100 {
				if r.session == id(i) {
					got = append(got, i)
				}
			}
			last = r.learned
			return true
		})
		return got, last
	}
	for i := range 5 {
		m.add(id(i), testTime+100)
	}
	got, last := read(0)
	if len(got) != 5 || got[0] != 0 || got[4] != 4 {
		t.Errorf("first: %v", got)
	}
	if got, _ := read(last); len(got) != 0 {
		t.Errorf("nothing new: %v", got)
	}
	c.set(testTime - 1000) // the order holds
	m.add(id(2), testTime+200)
	m.add(id(3), testTime+50)
	m.add(id(7), testTime+50)
	if got, _ = read(last); len(got) != 2 || got[0] != 2 || got[1] != 7 {
		t.Errorf("then: %v", got)
	}
	c.set(testTime + 150)
	if got, _ = read(0); len(got) != 1 || got[0] != 2 {
		t.Errorf("after their time: %v", got)
	}
}

// TestConcurrentReaders: readers find what was added before they began, whatever the writer does,
// and nothing else.
func TestConcurrentReaders(t *testing.T) {
	const sessions = 50_000
	c := newClock(testTime)
	m := newMemory(c.now, 0)
	var added atomic.Int64
	var readers sync.WaitGroup
	for n := range 2 {
		readers.Go(func() {
			random := rand.New(rand.NewPCG(3, uint64(n)))
			for done := int64(0); done < sessions; {
				if done = added.Load(); done > 0 {
					if i := int(random.Int64N(done)); !m.has(id(i)) {
						t.Errorf("session %d of %d is not there", i, done)
						return
					}
				}
				if i := sessions + random.IntN(sessions); m.has(id(i)) {
					t.Errorf("session %d is there", i)
					return
				}
			}
		})
	}
	for i := range sessions {
		m.add(id(i), testTime)
		if i%10 == 0 {
			m.add(id(i/2), testTime+uint32(i))
		}
		added.Store(int64(i) + 1)
		if i%10_000 == 0 {
			m.sweep()
		}
	}
	readers.Wait()
}

// TestTableSpills: sessions for whom a line has no room are found in the lines after it, and after
// the last one in the first.
func TestTableSpills(t *testing.T) {
	table := newTable(0)
	last := len(table.tags) - 1
	var in, others [][8]byte
	for i := 0; len(in) < 3*lineSlots || len(others) < 1000; i++ {
		session := id(i)
		if line := table.line(table.hash(session)); line == last && len(in) < 3*lineSlots {
			in = append(in, session)
		} else {
			others = append(others, session)
		}
	}
	for i, session := range in {
		table.add(record{session: session, until: uint32(i)})
	}
	for i, session := range in[:lineSlots+5] { // some have a later record
		table.add(record{session: session, until: uint32(1000 + i)})
	}
	for i, session := range in {
		want := uint32(i)
		if i < lineSlots+5 {
			want += 1000
		}
		if r := table.find(session); r == nil || r.until != want {
			t.Errorf("session %d: %+v", i, r)
		}
	}
	for _, session := range others {
		if r := table.find(session); r != nil {
			t.Errorf("%x is there: %+v", session, r)
		}
	}
	if table.live != len(in) || table.records != len(in)+lineSlots+5 {
		t.Errorf("%d sessions, %d records", table.live, table.records)
	}
}

// FuzzTable compares the table with a map, with sessions that often differ in one byte.
func FuzzTable(f *testing.F) {
	f.Add([]byte("\x00\x01\x02\x01\x01\xff"))
	f.Fuzz(func(t *testing.T, data []byte) {
		c := newClock(testTime)
		m := newMemory(c.now, 0)
		model := map[[8]byte]uint32{}
		for len(data) >= 3 {
			session, until := [8]byte{data[0], 7: data[1]}, testTime+uint32(data[2])
			m.add(session, until)
			model[session] = max(model[session], until)
			data = data[3:]
		}
		for a := range 256 {
			for _, b := range []byte{0, 1, 255} {
				session := [8]byte{byte(a), 7: b}
				if got, want := m.has(session), model[session] != 0; got != want {
					t.Errorf("%x: %v", session, got)
				}
			}
		}
	})
}
