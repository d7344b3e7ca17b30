package document

import (
	"bytes"
	"hash/maphash"
)

// fewNames is how many names of an object may be compared one by one.
const fewNames = 8

// names are the member names of the open objects, to find one that appears twice.
//
// The names of most objects are in a list, and a filter of 64 bits tells without a comparison that a name is new (Bloom,
// 1970, with one hash). Where the filter cannot tell, a few names are compared one by one; a client can choose names that
// all have the same bit, and so the names of larger objects go into a hash table, and so do names with escapes. The hash
// has a random seed, so that no client can choose names that collide in the table.
type names struct {
	body  []byte
	list  []nameSpan // those of the innermost object last
	table []tableName
	slots []int32 // 1 + an index in table, 0 for an empty slot; a power of two, at most half of them used
	text  []byte  // names that had escapes
}

type nameSpan struct{ start, end int }

// tableName is a name in the table.
type tableName struct {
	hash       uint64
	slot       uint32
	depth      int32  // of the object
	start, end uint32 // in names.text if it had escapes, else in the body
	escaped    bool
}

var nameSeed = maphash.MakeSeed()

func (n *names) reset(body []byte) {
	n.body, n.list, n.table, n.slots, n.text = body, n.list[:0], n.table[:0], n.slots[:0], n.text[:0]
}

// addToList adds a name without escapes to the list of the innermost object, if the filter tells that it is new. It
// reports whether it did. The name starts at start in the body.
func (n *names) addToList(o *level, name []byte, start int) bool {
	bit := filterBit(name)
	if o.filter&bit != 0 {
		return false
	}
	o.filter |= bit
	n.list = append(n.list, nameSpan{start, start + len(name)})
	return true
}

func filterBit(name []byte) uint64 {
	if len(name) == 0 {
		return 1
	}
	return 1 << ((uint(len(name)) + uint(name[0])*7 + uint(name[len(name)-1])*31) & 63)
}

// add adds any name to the innermost object, which is at the given depth. It returns the name's text, and whether it is
// new. In the body, the text between the quotes is from start to end.
func (n *names) add(o *level, depth, start, end int, escaped bool) (name []byte, isNew bool) {
	name = n.body[start:end]
	if o.inTable == 0 {
		names := n.list[o.firstName:]
		if !escaped && len(names) < fewNames {
			for _, other := range names {
				if bytes.Equal(n.body[other.start:other.end], name) {
					return nil, false
				}
			}
			n.list = append(n.list, nameSpan{start, end})
			return name, true
		}
		for _, other := range names {
			n.insert(o, depth, tableName{start: uint32(other.start), end: uint32(other.end)})
		}
		o.filter = ^uint64(0) // the list takes no more
	}
	if !escaped {
		return name, n.insert(o, depth, tableName{start: uint32(start), end: uint32(end)})
	}
	from := len(n.text)
	n.text = appendUnescaped(n.text, name)
	return n.text[from:], n.insert(o, depth, tableName{start: uint32(from), end: uint32(len(n.text)), escaped: true})
}

// insert adds a name to the table and reports whether it is new.
func (n *names) insert(o *level, depth int, name tableName) bool {
	if 2*len(n.table) >= len(n.slots) {
		n.grow()
	}
	text := n.get(&name)
	name.depth = int32(depth)
	name.hash = maphash.Bytes(nameSeed, text) + uint64(depth)*0x9E3779B97F4A7C15 // objects differ
	mask := uint64(len(n.slots) - 1)
	slot := name.hash & mask
	for ; n.slots[slot] != 0; slot = (slot + 1) & mask {
		if other := &n.table[n.slots[slot]-1]; other.hash == name.hash && other.depth == name.depth && bytes.Equal(n.get(other), text) {
			return false
		}
	}
	name.slot = uint32(slot)
	n.table = append(n.table, name)
	n.slots[slot] = int32(len(n.table))
	o.inTable++
	return true
}

func (n *names) get(name *tableName) []byte {
	if name.escaped {
		return n.text[name.start:name.end]
	}
	return n.body[name.start:name.end]
}

// grow doubles the slots and fills them again, in the order in which the names were added.
func (n *names) grow() {
	size := max(64, 2*len(n.slots))
	if size > cap(n.slots) {
		n.slots = make([]int32, size)
	} else {
		n.slots = n.slots[:size]
		clear(n.slots)
	}
	mask := uint64(size - 1)
	for i := range n.table {
		slot := n.table[i].hash & mask
		for n.slots[slot] != 0 {
			slot = (slot + 1) & mask
		}
		n.slots[slot] = int32(i + 1)
		n.table[i].slot = uint32(slot)
	}
}

// drop forgets the names of the innermost object, which were added last. In a table with linear probing, taking away
// what was added last restores what was there before.
func (n *names) drop(o *level) {
	n.list = n.list[:o.firstName]
	for range o.inTable {
		last := &n.table[len(n.table)-1]
		n.slots[last.slot] = 0
		if last.escaped {
			n.text = n.text[:last.start]
		}
		n.table = n.table[:len(n.table)-1]
	}
}
