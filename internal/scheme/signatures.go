package scheme

import (
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/maypok86/otter/v2"
	"github.com/zeebo/blake3"
)

// Signatures keeps the signatures that are expensive to make, RSA's, ECDSA's and Ed25519's, and has
// them made by workers outside the event loops. One value lives as long as the process and serves
// every configuration that is loaded. It is safe for concurrent use.
//
// A signer whose signature is not kept returns a [*Miss]. [Miss.Queue] starts the signature, and
// once it is kept the signer returns the URL.
type Signatures struct {
	// kept is made when a signature is looked for, since most configurations have no private key.
	kept  atomic.Pointer[otter.Cache[signatureID, []byte]]
	bytes atomic.Int64

	// One queue holds what requests wait for, and the other what is made in advance.
	urgent, ahead chan *Miss
	workers       sync.Once

	mu     sync.Mutex
	making map[signatureID]*making // the signatures that are queued or being made

	hits, misses, stale, refused atomic.Uint64
	spent                        atomic.Int64 // nanoseconds
}

// signatureID is a hash of a public key and of what is signed, so that a new key of the same name
// gets new signatures at once.
type signatureID [32]byte

// making is a signature that is queued or being made.
type making struct {
	done   []func(error) // who waits for it
	urgent bool          // it is in the urgent queue
	taken  bool          // a worker makes it
}

// The bounds of the queues: a worker makes about 1,000 RSA signatures a second.
const (
	maxUrgent = 4096
	maxAhead  = 1024
)

// overhead is about what the cache adds to a signature: its id, its entry and its headers.
const overhead = 256

// DefaultSignatures is how many bytes of signatures are kept where nothing is configured.
const DefaultSignatures = 64 << 20

// NewSignatures keeps signatures of the given number of bytes, what the cache adds included.
func NewSignatures(bytes int64) *Signatures {
	s := &Signatures{
		urgent: make(chan *Miss, maxUrgent),
		ahead:  make(chan *Miss, maxAhead),
		making: map[signatureID]*making{},
	}
	s.bytes.Store(bytes)
	return s
}

// cache returns what keeps the signatures.
func (s *Signatures) cache() *otter.Cache[signatureID, []byte] {
	if c := s.kept.Load(); c != nil {
		return c
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.kept.Load()
	if c == nil {
		c = otter.Must(&otter.Options[signatureID, []byte]{
			MaximumWeight: uint64(s.bytes.Load()),
			Weigher: func(_ signatureID, signature []byte) uint32 {
				return uint32(len(signature) + overhead)
			},
		})
		s.kept.Store(c)
	}
	return c
}

// Resize changes how many bytes are kept.
func (s *Signatures) Resize(bytes int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bytes.Store(bytes)
	if c := s.kept.Load(); c != nil {
		c.SetMaximum(uint64(bytes))
	}
}

// SignatureStats is what a [Signatures] has done since it was made.
type SignatureStats struct {
	Hits    uint64        // signatures that were kept
	Misses  uint64        // signatures that a request had to wait for
	Stale   uint64        // signatures of the last window that were used in place of a missing one
	Refused uint64        // signatures that were not made, since the queue was full
	Bytes   uint64        // what is kept, in bytes
	Queued  int           // signatures that wait for a worker
	Spent   time.Duration // what the workers' signatures took
}

// Stats returns what was done.
func (s *Signatures) Stats() SignatureStats {
	bytes := uint64(0)
	if c := s.kept.Load(); c != nil {
		bytes = c.WeightedSize()
	}
	return SignatureStats{
		Hits: s.hits.Load(), Misses: s.misses.Load(), Stale: s.stale.Load(),
		Refused: s.refused.Load(),
		Bytes:   bytes, Queued: len(s.urgent) + len(s.ahead), Spent: time.Duration(s.spent.Load()),
	}
}

// find returns the signature of a message, or a [*Miss].
func (s *Signatures) find(k *PrivateKey, m *message) ([]byte, error) {
	var id signatureID
	m.hash.Reset()
	_, _ = m.hash.Write(k.id[:]) // a hash's Write cannot fail
	_, _ = m.hash.Write(m.text)
	m.hash.Sum(id[:0])
	if signature, ok := s.cache().GetIfPresent(id); ok {
		s.hits.Add(1)
		return signature, nil
	}
	return nil, &Miss{signatures: s, id: id, key: k, message: append([]byte(nil), m.text...)}
}

// message is the memory of what one signature signs.
type message struct {
	hash *blake3.Hasher
	text []byte
	part []byte // a part of the URL, while it is made
}

var messages = sync.Pool{New: func() any { return &message{hash: blake3.New()} }}

// newMessage returns an empty message. The caller puts it back into messages.
func newMessage() *message {
	m := messages.Get().(*message)
	m.text, m.part = m.text[:0], m.part[:0]
	return m
}

// Miss is the error of [Signer.Append] for a signature that is not kept.
type Miss struct {
	signatures *Signatures
	id         signatureID
	key        *PrivateKey
	message    []byte
}

func (m *Miss) Error() string { return "the signature is not made yet" }

// ErrBusy is the error of [Miss.Queue] where too many signatures wait already.
var ErrBusy = errors.New("too many signatures wait to be made")

// Queue has the signature made by a worker, once for all who ask. Done is called from another
// goroutine when it is kept, or with the error that there is none.
func (m *Miss) Queue(done func(error)) error {
	m.signatures.misses.Add(1)
	return m.queue(done, true)
}

// Ahead has the signature made by a worker when no request waits for one. It is forgotten where too
// many wait already.
func (m *Miss) Ahead() {
	m.signatures.stale.Add(1)
	_ = m.queue(nil, false) // it is asked for again
}

func (m *Miss) queue(done func(error), urgent bool) error {
	s := m.signatures
	s.workers.Do(s.start)
	s.mu.Lock()
	defer s.mu.Unlock()
	one := s.making[m.id]
	if one == nil || urgent && !one.urgent && !one.taken {
		to := s.ahead
		if urgent {
			to = s.urgent
		}
		select {
		case to <- m:
		default:
			s.refused.Add(1)
			return ErrBusy
		}
		if one == nil {
			one = &making{}
			s.making[m.id] = one
		}
		one.urgent = urgent
	}
	if done != nil {
		one.done = append(one.done, done)
	}
	return nil
}

// Make makes the signature in the caller's goroutine: for command lines.
func (m *Miss) Make() error {
	signature, err := m.key.sign(m.message)
	if err == nil {
		m.signatures.cache().Set(m.id, signature)
	}
	return err
}

// keep keeps a signature that another made, and reports whether it is one of the key.
func (m *Miss) keep(signature []byte) bool {
	if !m.key.verify(m.message, signature) {
		return false
	}
	m.signatures.cache().Set(m.id, signature)
	return true
}

// start starts the workers, each with a hand.
func (s *Signatures) start() {
	for range hands {
		go s.work(newHand())
	}
}

// work has signatures made for as long as the process lives.
func (s *Signatures) work(h *hand) {
	for {
		select {
		case m := <-s.urgent:
			s.serve(m, h)
			continue
		default:
		}
		select {
		case m := <-s.urgent:
			s.serve(m, h)
		case m := <-s.ahead:
			s.serve(m, h)
		}
	}
}

// serve has a signature made and tells who waits for it.
func (s *Signatures) serve(m *Miss, h *hand) {
	s.mu.Lock()
	one := s.making[m.id]
	if one == nil || one.taken { // it was in both queues
		s.mu.Unlock()
		return
	}
	one.taken = true
	s.mu.Unlock()
	var err error
	// another worker was faster than the request
	if _, kept := s.cache().GetIfPresent(m.id); !kept {
		began := time.Now()
		var signature []byte
		if signature, err = h.sign(m); err == nil {
			s.cache().Set(m.id, signature)
		}
		s.spent.Add(int64(time.Since(began)))
	}
	s.mu.Lock()
	delete(s.making, m.id)
	s.mu.Unlock()
	for _, f := range one.done {
		f(err)
	}
}
