package transport

import (
	"bytes"
	"testing"
)

// TestBlocks: what is appended piece by piece is whole, and a block that was given back is used
// again without what was in it.
func TestBlocks(t *testing.T) {
	for _, size := range []int{0, 1, 1 << minBlockBits, 1<<minBlockBits + 1, 70_000, 1 << maxBlockBits,
		3 << maxBlockBits} {
		for _, piece := range []int{1 + size/7, 1 + size} {
			var want, got []byte
			for n := 0; n < size; n += piece {
				b := bytes.Repeat([]byte{byte(n)}, min(piece, size-n))
				want, got = append(want, b...), appendBlock(got, b)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("%d bytes in pieces of %d: got %d other ones", size, piece, len(got))
			}
			if cap(got) > 2*max(size, 1<<minBlockBits) {
				t.Errorf("%d bytes hold %d", size, cap(got))
			}
			freeBlock(got)
			if b := newBlock(max(size, 1)); len(b) != 0 || cap(b) < size {
				t.Errorf("a new block has %d bytes, and room for %d", len(b), cap(b))
			}
		}
	}
	freeBlock(nil)
	freeBlock(make([]byte, 3000)) // of no pool's size
}
