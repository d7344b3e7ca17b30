// Package property shows that the service and the worker give one answer for one URL, by asking
// both about the same 100,000 requests.
package property

import (
	"bufio"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net/netip"
	"os/exec"
	"slices"
	"testing"

	"videotoken/token"
)

var (
	seed     = flag.Uint64("seed", 1, "of the random requests")
	requests = flag.Int("requests", 100_000, "how many there are")
)

// answer is what a verifier says. For a refusal only the reason is there.
type answer struct {
	Reason         string
	Key            uint16
	Expiry         uint32
	NotBefore      uint32
	Depth          int
	Session        string
	RenewableUntil uint32
	TTL            uint32
	Path           string
	URI            string
}

// reply is what answer.js says of a request.
type reply struct {
	Answer answer
	// Parsed has what the URL class makes of the request's target, and the answer for that.
	Parsed *struct {
		Target string
		Answer answer
	}
}

// verify asks Go.
func verify(keys token.Keys, r request) answer {
	client, _ := netip.ParseAddr(r.IP) // the zero value is no address
	v, err := keys.Verify(token.Request{
		URI: r.Target, Base: r.Base, Now: r.Now, Leeway: r.Leeway, Client: client,
		Revoked: func(s [8]byte) bool { return slices.Contains(r.Revoked, hex.EncodeToString(s[:])) },
	})
	if err != nil {
		return answer{Reason: token.Reason(err)}
	}
	a := answer{
		Key: v.Key, Expiry: v.Claims.Expiry, NotBefore: v.Claims.NotBefore, Depth: v.Claims.Depth,
		RenewableUntil: v.Claims.RenewableUntil, TTL: v.Claims.TTL, Path: string(v.Path),
		URI: string(v.AppendURI(nil)),
	}
	if v.Claims.HasSession {
		a.Session = hex.EncodeToString(v.Claims.Session[:])
	}
	return a
}

// newKeys makes keys of both versions and their form for the worker.
func newKeys(t *testing.T) (keys token.Keys, list []byte) {
	type entry struct {
		ID      uint16 `json:"id"`
		Secret  string `json:"secret"`
		Version int    `json:"version"`
	}
	var entries []entry
	for _, e := range []entry{{ID: 7, Version: 1}, {ID: 8, Version: 1}, {ID: 20, Version: 2},
		{ID: 0xFFFF, Version: 2}} {
		secret := make([]byte, token.SecretSize)
		for i := range secret {
			secret[i] = byte(int(e.ID) + i)
		}
		e.Secret = token.FormatSecret(secret)
		entries = append(entries, e)
		newKey := token.NewKey
		if e.Version == 2 {
			newKey = token.NewSHA256Key
		}
		k, err := newKey(e.ID, secret)
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, k)
	}
	list, err := json.Marshal(entries)
	if err != nil {
		t.Fatal(err)
	}
	return keys, list
}

// TestOneAnswer shows that Go and the worker agree.
func TestOneAnswer(t *testing.T) {
	keys, list := newKeys(t)
	stranger, err := token.NewKey(9, make([]byte, token.SecretSize))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "node", "answer.js", string(list))
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatalf("node is not installed, see deploy/e2e/install.sh: %v", err)
	}
	message := make(chan []byte, 1)
	go func() {
		b, _ := io.ReadAll(stderr)
		message <- b
	}()

	sent := make(chan request, 256)
	go func() {
		defer close(sent)
		defer stdin.Close()
		w := bufio.NewWriter(stdin)
		defer w.Flush()
		g := generator{rand.New(rand.NewPCG(*seed, 0)), append(slices.Clone(keys), keys...)}
		g.keys = append(g.keys, stranger)
		for range *requests {
			r := g.request()
			b, err := json.Marshal(r)
			if err != nil {
				panic(err)
			}
			sent <- r
			if _, err := w.Write(append(b, '\n')); err != nil {
				return // node has ended, and says why
			}
		}
	}()

	answers := bufio.NewScanner(stdout)
	answers.Buffer(nil, 1<<20)
	reasons, repaired := map[string]int{}, 0
	for r := range sent {
		if !answers.Scan() {
			_ = cmd.Wait()
			t.Fatalf("no answer for %s: %v\n%s", describe(r), answers.Err(), <-message)
		}
		var got reply
		if err := json.Unmarshal(answers.Bytes(), &got); err != nil {
			t.Fatal(err)
		}
		want := verify(keys, r)
		if got.Answer != want {
			t.Fatalf("%s:\nthe worker has %+v\nGo has         %+v", describe(r), got.Answer, want)
		}
		reasons[want.Reason]++
		if got.Parsed == nil {
			continue
		}
		parsed := r
		parsed.Target = []byte(got.Parsed.Target)
		other := verify(keys, parsed)
		if got.Parsed.Answer != other {
			t.Fatalf("%s, parsed to %q:\nthe worker has %+v\nGo has         %+v", describe(r), parsed.Target,
				got.Parsed.Answer, other)
		}
		if want.Reason == "" && other.URI != want.URI && len(parsed.Target) <= 8192 {
			t.Fatalf("%s serves %q; parsed to %q it is %q and serves %q", describe(r), want.URI,
				parsed.Target, other.Reason, other.URI)
		}
		if want.Reason != "" && other.Reason == "" {
			repaired++
		}
	}
	if answers.Scan() {
		t.Errorf("one answer too many: %s", answers.Bytes())
	}
	if err := cmd.Wait(); err != nil {
		t.Fatalf("%v\n%s", err, <-message)
	}

	t.Logf("%v; %d are accepted once the URL class has parsed them", reasons, repaired)
	// A generator that always finds the same reason would show little.
	all := []string{"", "missing", "ambiguous", "malformed", "version", "unknown-key", "ip", "path",
		"signature", "expired", "not-yet", "revoked"}
	for _, reason := range all {
		if n := reasons[reason]; n < *requests/500 {
			t.Errorf("only %d of %d requests are for the reason %q", n, *requests, reason)
		}
	}
	if len(reasons) != len(all) || reasons[""] < *requests/5 {
		t.Errorf("%d reasons, %d requests accepted", len(reasons), reasons[""])
	}
}

func describe(r request) string {
	target := r.Target
	if len(target) > 500 {
		target = target[:500]
	}
	return fmt.Sprintf("%q (%d bytes) at %d±%d, base %q, from %q, revoked %v", target, len(r.Target),
		r.Now, r.Leeway, r.Base, r.IP, r.Revoked)
}

// TestNodeFails shows that a worker that does not run is not taken for one that agrees.
func TestNodeFails(t *testing.T) {
	out, err := exec.Command("node", "answer.js", "[]").CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || len(out) == 0 {
		t.Fatalf("without keys node ended with %v: %s", err, out)
	}
}
