package scheme

import (
	"crypto"
	"crypto/ed25519"
	"io"
	"syscall"
	"testing"
)

// nicedKey is an Ed25519 key that says with which priority it signs.
type nicedKey struct {
	ed25519.PrivateKey
	priority chan int
}

func (k nicedKey) Sign(_ io.Reader, message []byte, opts crypto.SignerOpts) ([]byte, error) {
	k.priority <- threadPriority()
	return k.PrivateKey.Sign(nil, message, opts)
}

// threadPriority is the nice value of the calling thread.
func threadPriority() int {
	priority, _ := syscall.Getpriority(syscall.PRIO_PROCESS, 0)
	return 20 - priority
}

// TestSigningGivesWay: signatures are made with a lower priority than everything else, and who is
// told that they are made has the process's own.
func TestSigningGivesWay(t *testing.T) {
	own := threadPriority()
	key, err := newPrivateKey(nicedKey{ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)),
		make(chan int, 1)}, 0)
	if err != nil {
		t.Fatal(err)
	}
	s := NewSignatures(1 << 20)
	told := make(chan int)
	if err := missOf(t, s, key, "a").Queue(func(error) { told <- threadPriority() }); err != nil {
		t.Fatal(err)
	}
	if got := <-told; got != own {
		t.Errorf("who waits is told with the priority %d, not %d", got, own)
	}
	want := min(own+lower, 19)
	if got := <-key.signer.(nicedKey).priority; got != want {
		t.Errorf("signs with the priority %d, not %d", got, want)
	}
}
