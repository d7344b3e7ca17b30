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
// Its slots are in lines of 31. The tags of a line, 16 bits of the hash for each slot, are a line
// of the processor's caches, and a session is in the line that its hash says, or in the next one if
// that is full. So the lookup of a session that is not there, which nearly all are, reads one line,
// and takes a branch that the processor predicts: a tag that is there by chance, one lookup in
// 4,000, and a line that is full, which few are, are rare. A branch that it does not would have it
// wait for memory. The records are in the order in which they were learned.
type table struct {
	keys    [2]uint64 // of the hash, at random: who chooses sessions cannot have them collide
	tags    []tagLine
	slots   [][lineSlots]atomic.Uint32 // the index of the slot's record
	chunks  []*[chunkSize]record
	records int // how many there are: the writer's
	live    int // how many sessions there are: records that no later one replaces
}

// tagLine has the tags of a line, four in a word, the first one lowest. 0 is a slot that is free.
// The first slot is none: in its place is whether sessions of the line are in the next one, 0 or 1.
type tagLine [lineSlots / 4]atomic.Uint64

// record is a session that was revoked. All but until's readers share it without a lock, so it does
// not change once its slot leads to it. The mark is the writer's.
type record struct {
	session [8]byte
	learned int64  // when, in microseconds of Unix time, each later than the one before it
	until   uint32 // Unix seconds
	mark    uint32 // the last time that a scan of Redis found it there: see shared.scan
}

const (
	lineSlots = 32
	// sessions in a line, when the table is full: 1 line in 100 has no room for its own
	lineLoad  = 20
	chunkSize = 4096
	minRoom   = 512

	ones    = 0x0001_0001_0001_0001
	highs   = 0x8000 * ones
	isSpilt = 1 // of a line's first word: sessions of the line are in the next one
)

// newTable makes a table with room for n records or some more.
func newTable(n int) *table {
	n = max(n, minRoom)
	lines := (n + lineLoad - 1) / lineLoad
	return &table{
		keys:   [2]uint64{rand.Uint64(), rand.Uint64() | 1},
		tags:   make([]tagLine, lines),
		slots:  make([][lineSlots]atomic.Uint32, lines),
		chunks: make([]*[chunkSize]record, (lines*lineLoad+chunkSize-1)/chunkSize),
	}
}

// room is how many records the table has room for, with those that it has.
func (t *table) room() int { return len(t.tags) * lineLoad }

func (t *table) record(i int) *record { return &t.chunks[i/chunkSize][i%chunkSize] }

// prefetch has the processor load what find reads of a session that is not there.
func (t *table) prefetch(session [8]byte) { prefetch(&t.tags[t.line(t.hash(session))][0]) }

// find returns the record of a session, nil if it is not there. It is the hot path.
func (t *table) find(session [8]byte) *record {
	hash := t.hash(session)
	tags := &t.tags[t.line(hash)]
	tag := tagOf(hash) * ones
	first := tags[0].Load()
	same := zeroTags(first^tag) | zeroTags(tags[1].Load()^tag) | zeroTags(tags[2].Load()^tag) |
		zeroTags(tags[3].Load()^tag) |
		zeroTags(tags[4].Load()^tag) | zeroTags(tags[5].Load()^tag) | zeroTags(tags[6].Load()^tag) |
		zeroTags(tags[7].Load()^tag)
	if same|first&isSpilt == 0 {
		return nil
	}
	r, _, _ := t.search(session, hash)
	return r
}

// search returns the record of a session and its slot. Of one that is not there it returns nil, and
// the slot where it belongs.
func (t *table) search(session [8]byte, hash uint64) (r *record, line, slot int) {
	tag := tagOf(hash) * ones
	for line = t.line(hash); ; line = (line + 1) % len(t.tags) {
		free := 0
		for i := range t.tags[line] {
			word := t.tags[line][i].Load()
			if i == 0 {
				word |= 1 // neither a tag that is looked for nor free
			}
			for same := zeroTags(word ^ tag); same != 0; same &= same - 1 {
				slot = i*4 + bits.TrailingZeros64(same)/16
				if r = t.record(int(t.slots[line][slot].Load())); r.session == session {
					return r, line, slot
				}
			}
			if zero := zeroTags(word); zero != 0 && free == 0 {
				free = i*4 + bits.TrailingZeros64(zero)/16
			}
		}
		if free != 0 {
			return nil, line, free
		}
	}
}

// line returns the line of a hash, by its higher bits (Lemire, "Fast random integer generation in
// an interval").
func (t *table) line(hash uint64) int {
	line, _ := bits.Mul64(hash, uint64(len(t.tags)))
	return int(line)
}

// hash is a product of 128 bits, folded, as in wyhash.
func (t *table) hash(session [8]byte) uint64 {
	high, low := bits.Mul64(binary.LittleEndian.Uint64(session[:])^t.keys[0], t.keys[1])
	return high ^ low
}

// tagOf is the lower bits of a hash, 2 at least: neither free nor what stands in the first slot.
func tagOf(hash uint64) uint64 { return hash&0xFFFF | 2 }

// zeroTags has the high bit set of the lowest tag of x that is zero, and among the high bits none
// below it (Warren, "Hacker's Delight", section 6-1). Those above it may be wrong.
func zeroTags(x uint64) uint64 { return (x - ones) &^ x & highs }

// add adds a record, which replaces the session's earlier one. There must be room.
func (t *table) add(r record) {
	i := t.records
	if t.chunks[i/chunkSize] == nil {
		t.chunks[i/chunkSize] = new([chunkSize]record)
	}
	*t.record(i) = r
	t.records++
	hash := t.hash(r.session)
	before, line, slot := t.search(r.session, hash)
	t.slots[line][slot].Store(uint32(i))
	if before != nil {
		return
	}
	word := &t.tags[line][slot/4]
	word.Store(word.Load() | tagOf(hash)<<(slot%4*16)) // from here on, search leads to the record
	for full := t.line(hash); full != line; full = (full + 1) % len(t.tags) {
		t.tags[full][0].Store(t.tags[full][0].Load() | isSpilt) // and from here on, find
	}
	t.live++
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
		if (t.live == t.records || t.find(r.session) == r) && !f(r) {
			return
		}
	}
}
