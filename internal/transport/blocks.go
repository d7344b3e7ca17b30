package transport

import (
	"math/bits"
	"sync"
)

// blocks has the memory of what is read in front of fasthttp, to be used again: a body of 64 KiB
// that grows as it comes would leave 300 KiB to the collector, whose work delays the loops. Each
// pool has slices of twice the capacity of those before.
var blocks [maxBlockBits - minBlockBits + 1]sync.Pool

const (
	minBlockBits = 11 // 2 KiB
	maxBlockBits = 20 // 1 MiB
)

// appendBlock appends to a block, which it replaces with a larger one when it is full.
func appendBlock(b, more []byte) []byte {
	if len(more) <= cap(b)-len(b) {
		return append(b, more...)
	}
	larger := newBlock(len(b) + len(more))
	larger = append(append(larger, b...), more...)
	freeBlock(b)
	return larger
}

func newBlock(n int) []byte {
	class := max(bits.Len(uint(n-1)), minBlockBits)
	if class > maxBlockBits {
		return make([]byte, 0, n+n/2)
	}
	if b, ok := blocks[class-minBlockBits].Get().(*[]byte); ok {
		return (*b)[:0]
	}
	return make([]byte, 0, 1<<class)
}

// freeBlock gives back a block that nothing points into any more.
func freeBlock(b []byte) {
	class := bits.Len(uint(cap(b))) - 1
	if class < minBlockBits || class > maxBlockBits || cap(b) != 1<<class {
		return // it does not come from a pool
	}
	blocks[class-minBlockBits].Put(&b)
}
