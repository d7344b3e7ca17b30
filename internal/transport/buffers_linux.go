package transport

// buffers has buffers of one loop for unfinished requests, to be used again.
type buffers [][]byte

// Bounds of what is kept: what many slow clients took is given back.
const (
	maxBuffers    = 64
	maxBufferSize = bufferSize
)

func (b *buffers) get() []byte {
	if n := len(*b); n > 0 {
		last := (*b)[n-1]
		*b = (*b)[:n-1]
		return last
	}
	return make([]byte, 0, 1<<10)
}

func (b *buffers) put(old []byte) {
	if old != nil && len(*b) < maxBuffers && cap(old) <= maxBufferSize {
		*b = append(*b, old[:0])
	}
}
