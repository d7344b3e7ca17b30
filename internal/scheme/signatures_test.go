package scheme

import (
	"crypto"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"testing"
	"time"

	"videotoken/token"
)

// gatedKey is an Ed25519 key that signs when the gate lets it, and says what it signs.
type gatedKey struct {
	ed25519.PrivateKey
	signing chan string
	gate    chan error
}

func (k *gatedKey) Sign(_ io.Reader, message []byte, opts crypto.SignerOpts) ([]byte, error) {
	k.signing <- string(message)
	if err := <-k.gate; err != nil {
		return nil, err
	}
	return k.PrivateKey.Sign(nil, message, opts)
}

func newGatedKey(t *testing.T, seed byte) (*PrivateKey, *gatedKey) {
	t.Helper()
	text := make([]byte, ed25519.SeedSize)
	text[0] = seed
	gated := &gatedKey{ed25519.NewKeyFromSeed(text), make(chan string), make(chan error)}
	key, err := newPrivateKey(gated, 0)
	if err != nil {
		t.Fatal(err)
	}
	return key, gated
}

// missOf asks for the signature of a text, which is not kept.
func missOf(t *testing.T, s *Signatures, k *PrivateKey, text string) *Miss {
	t.Helper()
	m := newMessage()
	defer messages.Put(m)
	m.text = append(m.text, text...)
	signature, err := s.find(k, m)
	var miss *Miss
	if !errors.As(err, &miss) {
		t.Fatalf("%s: %x, %v", text, signature, err)
	}
	return miss
}

func isKept(s *Signatures, k *PrivateKey, text string) bool {
	m := newMessage()
	defer messages.Put(m)
	m.text = append(m.text, text...)
	_, err := s.find(k, m)
	return err == nil
}

// TestMadeOnce: a signature is made once for all who wait, those that ask while it is made
// included.
func TestMadeOnce(t *testing.T) {
	s := NewSignatures(1 << 20)
	key, gated := newGatedKey(t, 1)
	done := make(chan error, 3)
	for range 2 {
		if err := missOf(t, s, key, "a").Queue(func(err error) { done <- err }); err != nil {
			t.Fatal(err)
		}
	}
	if got := <-gated.signing; got != "a" {
		t.Fatalf("signs %s", got)
	}
	late := missOf(t, s, key, "a")
	if err := late.Queue(func(err error) { done <- err }); err != nil {
		t.Fatal(err)
	}
	gated.gate <- nil
	for range 3 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if !isKept(s, key, "a") {
		t.Error("is not kept")
	}
	// Who asks after it was made waits for nothing.
	if err := late.Queue(func(err error) { done <- err }); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// TestSignatureFails: who waits is told, and the next one who asks tries again.
func TestSignatureFails(t *testing.T) {
	s := NewSignatures(1 << 20)
	key, gated := newGatedKey(t, 2)
	for _, want := range []error{errors.New("no"), nil} {
		done := make(chan error, 1)
		if err := missOf(t, s, key, "a").Queue(func(err error) { done <- err }); err != nil {
			t.Fatal(err)
		}
		<-gated.signing
		gated.gate <- want
		if err := <-done; err != want {
			t.Errorf("%v, want %v", err, want)
		}
	}
}

// TestUrgent: what requests wait for is made before what is made in advance, and a signature that
// is in both queues is made once.
func TestUrgent(t *testing.T) {
	s := NewSignatures(1 << 20)
	key, gated := newGatedKey(t, 3)
	workers := hands
	var all sync.WaitGroup
	all.Add(workers + 3)
	done := func(error) { all.Done() }
	for i := range workers { // which keep all workers
		if err := missOf(t, s, key, fmt.Sprint("first", i)).Queue(done); err != nil {
			t.Fatal(err)
		}
		<-gated.signing
	}
	missOf(t, s, key, "ahead1").Ahead()
	missOf(t, s, key, "ahead2").Ahead()
	missOf(t, s, key, "ahead2").Ahead()
	for _, text := range []string{"urgent1", "ahead2", "urgent2"} {
		if err := missOf(t, s, key, text).Queue(done); err != nil {
			t.Fatal(err)
		}
	}
	for range workers {
		gated.gate <- nil
	}
	var order []string
	for range 4 {
		order = append(order, <-gated.signing)
		gated.gate <- nil
	}
	all.Wait()
	if workers == 1 && !slices.Equal(order, []string{"urgent1", "ahead2", "urgent2", "ahead1"}) {
		t.Errorf("made in the order %v", order)
	}
	if slices.Sort(order); !slices.Equal(order, []string{"ahead1", "ahead2", "urgent1", "urgent2"}) {
		t.Errorf("made %v", order)
	}
	if got := s.Stats(); got.Stale != 3 || got.Misses != uint64(workers)+3 {
		t.Errorf("%+v", got)
	}
}

// TestFullQueue: a full queue refuses, and takes more once there is room.
func TestFullQueue(t *testing.T) {
	s := NewSignatures(1 << 24)
	key, gated := newGatedKey(t, 4)
	var all sync.WaitGroup
	accepted := 0
	var err error
	for err == nil {
		all.Add(1)
		if err = missOf(t, s, key, fmt.Sprint(accepted)).Queue(func(error) { all.Done() }); err == nil {
			accepted++
		}
		if accepted > maxUrgent+hands {
			t.Fatalf("%d signatures were accepted", accepted)
		}
	}
	if err != ErrBusy || accepted < maxUrgent {
		t.Errorf("%v after %d signatures", err, accepted)
	}
	all.Done()
	for range accepted {
		<-gated.signing
		gated.gate <- nil
	}
	all.Wait()
	if got := s.Stats(); got.Refused != 1 || got.Queued != 0 {
		t.Errorf("%+v", got)
	}
	all.Add(1)
	if err := missOf(t, s, key, "more").Queue(func(error) { all.Done() }); err != nil {
		t.Error(err)
	}
	<-gated.signing
	gated.gate <- nil
	all.Wait()
}

// TestNewKey: the same text with another key, or with another hash, has a signature of its own.
func TestNewKey(t *testing.T) {
	s := NewSignatures(1 << 20)
	seed := make([]byte, ed25519.SeedSize)
	one, err := newPrivateKey(ed25519.NewKeyFromSeed(seed), 0)
	if err != nil {
		t.Fatal(err)
	}
	seed[0] = 1
	other, err := newPrivateKey(ed25519.NewKeyFromSeed(seed), 0)
	if err != nil {
		t.Fatal(err)
	}
	hashed, err := newPrivateKey(one.signer, crypto.SHA512)
	if err != nil {
		t.Fatal(err)
	}
	if err := missOf(t, s, one, "a").Make(); err != nil {
		t.Fatal(err)
	}
	if !isKept(s, one, "a") || isKept(s, other, "a") || isKept(s, hashed, "a") || isKept(s, one, "b") {
		t.Error("a signature serves another key, hash or text")
	}
}

// TestBound: the cache has no more bytes than it may, whatever is asked for.
func TestBound(t *testing.T) {
	const bytes = 1 << 18
	s := NewSignatures(bytes)
	key, err := newPrivateKey(ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)), 0)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 4000 {
		if err := missOf(t, s, key, fmt.Sprint(i)).Make(); err != nil {
			t.Fatal(err)
		}
	}
	s.cache().CleanUp()
	if got := s.Stats().Bytes; got > bytes || got < bytes/2 {
		t.Errorf("%d bytes are kept, of %d", got, bytes)
	}
	s.Resize(bytes / 4)
	s.cache().CleanUp()
	if got := s.Stats().Bytes; got > bytes/4 {
		t.Errorf("%d bytes are kept, of %d", got, bytes/4)
	}
}

// TestSignaturesAtOnce has many ask for the same and for other signatures at once.
func TestSignaturesAtOnce(t *testing.T) {
	s := NewSignatures(1 << 20)
	signer := newSigner(t, "google-media-cdn", "https://a.example").(*mediaSigner)
	signer.signatures = s
	var all sync.WaitGroup
	for g := range 16 {
		all.Go(func() {
			for i := range 200 {
				src := source(t, fmt.Sprintf("/f/%d.mp4", (g+i)%40))
				c := token.Claims{Expiry: expiry}
				for {
					_, err := signer.Append(nil, src, &c)
					var miss *Miss
					if err == nil {
						break
					}
					if !errors.As(err, &miss) {
						t.Error(err)
						return
					}
					done := make(chan error, 1)
					if err := miss.Queue(func(err error) { done <- err }); err != nil {
						t.Error(err)
						return
					}
					if err := <-done; err != nil {
						t.Error(err)
						return
					}
				}
			}
		})
	}
	all.Wait()
	if got := s.Stats(); got.Hits < 3000 || got.Spent <= 0 || got.Spent > time.Hour {
		t.Errorf("%+v", got)
	}
}
