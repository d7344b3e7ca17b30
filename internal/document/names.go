package document

import (
	"bytes"
	"hash/maphash"
)

// fewNames is how many names of an object are compared one by one. Nearly all objects have no more members.
const fewNames = 8

// names are the member names of the open objects, to find one that appears twice.
//
// The first few names of an object are in a list, and a filter of 64 bits tells that most of them are new without a
// comparison (Bloom, 1970, with one hash). A client can choose names that all have the same bit, and so objects with
// more members, and names with escapes, go into a hash table. Its hash has a random seed, so no client can choose names
// that collide in it.
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

// add adds a name to the innermost object, which is at the given depth, and reports whether it is new. start and end
// are those of the text between the quotes.
func (n *names) add(o *level, depth, start, end int, escaped bool) bool {
	name := n.body[start:end]
	if o.inTable == 0 {
		if !escaped && len(n.list)-o.firstName < fewNames {
			bit := uint64(1) << (len(name) & 63)
			if len(name) > 0 {
				bit = 1 << ((uint(len(name)) + uint(name[0])*7 + uint(name[len(name)-1])*31) & 63)
			}
			if o.filter&bit != 0 {
				for _, other := range n.list[o.firstName:] {
					if bytes.Equal(n.body[other.start:other.end], name) {
						return false
					}
				}
			}
			o.filter |= bit
			n.list = append(n.list, nameSpan{start, end})
			return true
		}
		for _, other := range n.list[o.firstName:] {
			n.insert(o, depth, tableName{start: uint32(other.start), end: uint32(other.end)})
		}
	}
	if !escaped {
		return n.insert(o, depth, tableName{start: uint32(start), end: uint32(end)})
	}
	from := len(n.text)
	n.text = appendUnescaped(n.text, name)
	return n.insert(o, depth, tableName{start: uint32(from), end: uint32(len(n.text)), escaped: true})
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
