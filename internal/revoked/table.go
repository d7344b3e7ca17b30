package revoked

import (
	"encoding/binary"
	"math/bits"
	"math/rand/v2"
	"sync/atomic"
)

// table is a hash table that one writer adds to while any number of readers look up, without locks.
// Sessions are never taken out of it: a table without them takes its place.
//
// Its slots are in groups of eight. A group's tags, one byte of the hash for each slot, are one
// word, as in Abseil's flat_hash_map. So the lookup of a session that is not there, which nearly
// all are, is one load from an array of two bytes for each session, which stays in the processor's
// caches. The records are in the order in which they were learned.
type table struct {
	keys    [2]uint64       // of the hash, at random: who chooses sessions cannot have them collide
	tags    []atomic.Uint64 // of a group; 0 is a slot that is free
	slots   []atomic.Uint32 // the index of the slot's record
	chunks  []*[chunkSize]record
	records int // how many there are: the writer's
	live    int // how many sessions there are: records that no later one replaces
}

// record is a session that was revoked. All but until's readers share it without a lock, so it does
// not change once its slot leads to it. The mark is the writer's.
type record struct {
	session [8]byte
	learned int64  // when, in microseconds of Unix time, each later than the one before it
	until   uint32 // Unix seconds
	mark    uint32 // the last time that a scan of Redis found it there: see shared.scan
}

const (
	group     = 8
	chunkSize = 4096
	minSlots  = 1024

	ones  = 0x0101010101010101
	highs = 0x80 * ones
)

// newTable makes a table with room for more records than n.
func newTable(n int) *table {
	slots := minSlots
	for slots/2 <= n {
		slots *= 2
	}
	return &table{
		keys:   [2]uint64{rand.Uint64(), rand.Uint64() | 1},
		tags:   make([]atomic.Uint64, slots/group),
		slots:  make([]atomic.Uint32, slots),
		chunks: make([]*[chunkSize]record, (slots/2+chunkSize-1)/chunkSize),
	}
}

// isFull reports whether there is no room for another record.
func (t *table) isFull() bool { return t.records >= len(t.slots)/2 }

func (t *table) record(i int) *record { return &t.chunks[i/chunkSize][i%chunkSize] }

// prefetch has the processor load what find reads of a session that is not there.
func (t *table) prefetch(session [8]byte) {
	prefetch(&t.tags[t.hash(session)>>8&uint64(len(t.tags)-1)])
}

// find returns the record of a session, nil if it is not there. It is the hot path.
func (t *table) find(session [8]byte) *record {
	hash := t.hash(session)
	tag := tagOf(hash) * ones
	tags := t.tags
	for g := hash >> 8; ; g++ {
		g &= uint64(len(tags) - 1)
		word := tags[g].Load()
		for same := zeroBytes(word ^ tag); same != 0; same &= same - 1 {
			slot := g*group + uint64(bits.TrailingZeros64(same))/8
			if r := t.record(int(t.slots[slot].Load())); r.session == session {
				return r
			}
		}
		if zeroBytes(word) != 0 {
			return nil
		}
	}
}

// hash is a product of 128 bits, folded, as in wyhash.
func (t *table) hash(session [8]byte) uint64 {
	high, low := bits.Mul64(binary.LittleEndian.Uint64(session[:])^t.keys[0], t.keys[1])
	return high ^ low
}

// tagOf is a byte of the hash that the choice of the first group does not depend on, never 0.
func tagOf(hash uint64) uint64 { return max(hash&0xFF, 1) }

// zeroBytes has the high bit set of the lowest byte of x that is zero, and among the high bits none
// below it (Warren, "Hacker's Delight", section 6-1). Those above it may be wrong.
func zeroBytes(x uint64) uint64 { return (x - ones) &^ x & highs }

// add adds a record, which replaces the session's earlier one. There must be room.
func (t *table) add(r record) {
	i := t.records
	if t.chunks[i/chunkSize] == nil {
		t.chunks[i/chunkSize] = new([chunkSize]record)
	}
	*t.record(i) = r
	t.records++
	hash := t.hash(r.session)
	tag := tagOf(hash)
	for g := hash >> 8; ; g++ {
		g &= uint64(len(t.tags) - 1)
		word := t.tags[g].Load()
		for same := zeroBytes(word ^ tag*ones); same != 0; same &= same - 1 {
			slot := &t.slots[g*group+uint64(bits.TrailingZeros64(same))/8]
			if t.record(int(slot.Load())).session == r.session {
				slot.Store(uint32(i))
				return
			}
		}
		if free := zeroBytes(word); free != 0 {
			n := uint64(bits.TrailingZeros64(free)) / 8
			t.slots[g*group+n].Store(uint32(i))
			t.tags[g].Store(word | tag<<(n*8)) // from here on, find leads to the record
			t.live++
			return
		}
	}
}

// all calls f for each session's last record, in the order in which they were learned, from the
// first one after a moment on, until f returns false.
func (t *table) all(after int64, f func(*record) bool) {
	first, end := 0, t.records
	for first < end {
		if middle := (first + end) / 2; t.record(middle).learned <= after {
			first = middle + 1
		} else {
			end = middle
		}
	}
	for i := first; i < t.records; i++ {
		r := t.record(i)
		if t.find(r.session) == r && !f(r) {
			return
		}
	}
}
