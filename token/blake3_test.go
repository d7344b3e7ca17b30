package token_test

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"

	zeebo "github.com/zeebo/blake3"
	luke "lukechampine.com/blake3"
)

// backends are the environments that select each of zeebo/blake3's implementations, on a machine
// that has AVX2.
var backends = map[string][]string{
	"AVX2":    {},
	"SSE4.1":  {"BLAKE3_DISABLE_AVX2=1"},
	"pure Go": {"BLAKE3_PUREGO=1"},
}

// TestBLAKE3 runs the official vectors (testdata/blake3.json, from the BLAKE3 team's repository) in
// a process of its own for each backend, as the choice is made when a process starts.
func TestBLAKE3(t *testing.T) {
	for name, env := range backends {
		t.Run(name, func(t *testing.T) {
			cmd := exec.Command(os.Args[0], "-test.run=^TestBLAKE3Vectors$|^TestVectors", "-test.v")
			cmd.Env = append(os.Environ(), env...)
			out, err := cmd.CombinedOutput()
			if err != nil || !strings.Contains(string(out), "--- PASS: TestBLAKE3Vectors") {
				t.Fatalf("%v\n%s", err, out)
			}
		})
	}
}

func TestBLAKE3Vectors(t *testing.T) {
	b, err := os.ReadFile("testdata/blake3.json")
	if err != nil {
		t.Fatal(err)
	}
	var v struct {
		Key   string
		Cases []struct {
			InputLen  int    `json:"input_len"`
			Hash      string `json:"hash"`
			KeyedHash string `json:"keyed_hash"`
			DeriveKey string `json:"derive_key"`
		}
	}
	if err := json.Unmarshal(b, &v); err != nil || len(v.Cases) < 20 {
		t.Fatalf("%d cases, %v", len(v.Cases), err)
	}
	const context = "BLAKE3 2019-12-27 16:29:52 test vectors context"
	for _, c := range v.Cases {
		input := make([]byte, c.InputLen)
		for i := range input {
			input[i] = byte(i % 251)
		}
		keyed, err := zeebo.NewKeyed([]byte(v.Key))
		if err != nil {
			t.Fatal(err)
		}
		// In two parts, as a signature writes claims and scope.
		_, _ = keyed.Write(input[:c.InputLen/3])
		_, _ = keyed.Write(input[c.InputLen/3:])
		other := luke.New(32, []byte(v.Key))
		_, _ = other.Write(input)
		var derived, derivedOther [32]byte
		zeebo.DeriveKey(context, input, derived[:])
		luke.DeriveKey(derivedOther[:], context, input)
		sum, sumOther := zeebo.Sum256(input), luke.Sum256(input)
		for _, x := range []struct{ name, zeebo, luke, want string }{
			{"hash", hex.EncodeToString(sum[:]), hex.EncodeToString(sumOther[:]), c.Hash},
			{"keyed_hash", hex.EncodeToString(keyed.Sum(nil)), hex.EncodeToString(other.Sum(nil)),
				c.KeyedHash},
			{"derive_key", hex.EncodeToString(derived[:]), hex.EncodeToString(derivedOther[:]), c.DeriveKey},
		} {
			if want := x.want[:64]; x.zeebo != want || x.luke != want {
				t.Errorf("%s of %d bytes: zeebo %s, lukechampine %s; want %s", x.name, c.InputLen, x.zeebo,
					x.luke, want)
			}
		}
	}
}
