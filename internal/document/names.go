package document

import (
	"bytes"
	"encoding/binary"
	"hash/maphash"
	"math/bits"
	"math/rand/v2"
)

// fewNames is how many names of an object may be compared one by one.
const fewNames = 16

// names are the member names of the open objects, to find one that appears twice.
//
// The names of most objects are in a list, and a filter of 64 bits tells of most of them that they
// are new (Bloom, 1970, with one hash). Where the filter cannot tell, a few names are compared one
// by one. The names of larger objects go into a hash table then. The hashes have random keys, so
// that no client can choose short names that collide in the filter, or any names that collide in
// the table.
type names struct {
	body  []byte
	text  []byte     // the text of names that had escapes
	list  []nameSpan // those of the innermost object last
	table []tableName
	// 1 + an index in table, 0 for an empty slot; a power of two, at most half of them used
	slots []uint32
	shift int // what a hash is shifted by for its slot
}

// nameSpan is a name's text in the body, or in names.text.
type nameSpan struct {
	start, end uint32
	escaped    bool
}

// tableName is a name in the table.
type tableName struct {
	nameSpan
	hash  uint64
	slot  uint32
	depth uint32 // of its object
}

var (
	nameSeed = maphash.MakeSeed()
	hashKeys = [2]uint64{rand.Uint64() | 1, rand.Uint64() | 1}
)

func (n *names) reset(body []byte) {
	n.body, n.text, n.list, n.table, n.slots = body, n.text[:0], n.list[:0], n.table[:0],
		n.slots[:0]
}

func (n *names) get(s nameSpan) []byte {
	if s.escaped {
		return n.text[s.start:s.end]
	}
	return n.body[s.start:s.end]
}

// unescape puts the text of the innermost object's name, which has escapes, into n.text.
func (n *names) unescape(o *level, raw []byte) []byte {
	start := len(n.text)
	n.text = appendUnescaped(n.text, raw)
	o.name = nameSpan{uint32(start), uint32(len(n.text)), true}
	return n.text[start:]
}

// add adds o.name, whose text is given, to the names of the innermost object, which is at the given
// depth, and reports whether it is new.
func (n *names) add(o *level, depth int, name []byte) bool {
	hash := hashEnds(name)
	if bit := uint64(1) << (hash >> 58); o.filter&bit == 0 {
		o.filter |= bit
		n.list = append(n.list, o.name)
		return true
	}
	return n.addSlowly(o, depth, name, hash)
}

// addSlowly adds a name that the filter does not tell to be new.
func (n *names) addSlowly(o *level, depth int, name []byte, hash uint64) bool {
	if o.inTable == 0 {
		list := n.list[o.firstName:]
		if len(list) < fewNames {
			for _, other := range list {
				if bytes.Equal(n.get(other), name) {
					return false
				}
			}
			n.list = append(n.list, o.name)
			return true
		}
		for _, other := range list {
			text := n.get(other)
			n.insert(o, depth, other, text, hashEnds(text))
		}
		o.filter = ^uint64(0) // the list takes no more
	}
	return n.insert(o, depth, o.name, name, hash)
}

// hashEnds is a multiply-shift hash (Dietzfelbinger and others, 1997), good in its high bits, of
// the length and of the first and last eight bytes.
func hashEnds(name []byte) uint64 {
	switch n := len(name); {
	case n >= 8:
		first, last := binary.LittleEndian.Uint64(name), binary.LittleEndian.Uint64(name[n-8:])
		return (first+uint64(n))*hashKeys[0] + last*hashKeys[1]
	case n >= 4:
		first, last := uint64(binary.LittleEndian.Uint32(name)),
			uint64(binary.LittleEndian.Uint32(name[n-4:]))
		return (first | last<<32 + uint64(n)) * hashKeys[0]
	case n > 0:
		return (uint64(name[0]) | uint64(name[n/2])<<8 | uint64(name[n-1])<<16 + uint64(n)<<24) *
			hashKeys[0]
	}
	return 0
}

// insert adds a name with the given hashEnds to the table and reports whether it is new.
func (n *names) insert(o *level, depth int, s nameSpan, name []byte, hash uint64) bool {
	if 2*len(n.table) >= len(n.slots) {
		n.grow(len(n.body) - int(s.start))
	}
	if len(name) > 16 {
		hash = maphash.Bytes(nameSeed, name) // the ends are not all of it
	}
	hash += uint64(depth) * 0x9E3779B97F4A7C15 // objects differ
	mask := uint64(len(n.slots) - 1)
	slot := hash >> n.shift
	for ; n.slots[slot] != 0; slot = (slot + 1) & mask {
		other := &n.table[n.slots[slot]-1]
		if other.hash == hash && other.depth == uint32(depth) &&
			bytes.Equal(n.get(other.nameSpan), name) {
			return false
		}
	}
	n.table = append(n.table, tableName{s, hash, uint32(slot), uint32(depth)})
	n.slots[slot] = uint32(len(n.table))
	o.inTable++
	return true
}

// grow makes the slots for what may come in the rest of the body, or doubles them, and fills them
// again in the order in which the names were added.
func (n *names) grow(rest int) {
	const shortest = len(`"":0,`)
	size := max(2*len(n.slots),
		1<<bits.Len(uint(2*min(rest/shortest, 1<<16)+2*len(n.table)+fewNames)))
	if size > cap(n.slots) {
		n.slots = make([]uint32, size)
	} else {
		n.slots = n.slots[:size]
		clear(n.slots)
	}
	mask := uint64(size - 1)
	n.shift = 64 - bits.TrailingZeros(uint(size))
	for i := range n.table {
		slot := n.table[i].hash >> n.shift
		for n.slots[slot] != 0 {
			slot = (slot + 1) & mask
		}
		n.slots[slot] = uint32(i + 1)
		n.table[i].slot = uint32(slot)
	}
}

// drop forgets the names of the innermost object, which were added last. In a table with linear
// probing, taking away what was added last restores what was there before.
func (n *names) drop(o *level) {
	n.list, n.text = n.list[:o.firstName], n.text[:o.firstText]
	if o.inTable > 0 {
		kept := len(n.table) - int(o.inTable)
		for i := len(n.table) - 1; i >= kept; i-- {
			n.slots[n.table[i].slot] = 0
		}
		n.table = n.table[:kept]
	}
}
