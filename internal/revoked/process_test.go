package revoked

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

// asProcess names the variable that has the test's binary do one of the things in processes, as a
// process of its own.
const asProcess = "VIDEOTOKEN_TEST_PROCESS"

var processes = map[string]func(args []string) error{"revoke": revokeMany}

func TestMain(m *testing.M) {
	if name := os.Getenv(asProcess); name != "" {
		if err := processes[name](os.Args[1:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func process(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), asProcess+"="+name)
	cmd.Stderr = os.Stderr
	return cmd
}

const many = 1000

// revokeMany revokes many sessions in a file, and prints the number of each once it is
// acknowledged.
func revokeMany(args []string) error {
	s, err := Open(Config{File: args[0], Now: time.Now})
	if err != nil {
		return err
	}
	first, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	for i := range many {
		if err := s.Revoke(context.Background(), id(first+i), time.Now().Unix()+1e6); err != nil {
			return err
		}
		fmt.Println(first + i)
	}
	return nil
}

// TestKill: each session that a process acknowledged before it was killed is revoked when the next
// one starts, whenever that is.
func TestKill(t *testing.T) {
	name := filepath.Join(t.TempDir(), "revoked")
	random := rand.New(rand.NewPCG(5, 6))
	acknowledged := map[int]bool{}
	for round := range 10 {
		cmd := process("revoke", name, strconv.Itoa(round*many))
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		last := random.IntN(many - 100)
		before := len(acknowledged)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			i, err := strconv.Atoi(lines.Text())
			if err != nil {
				t.Fatal(err)
			}
			if acknowledged[i] = true; i == round*many+last { // and what it says until it is dead
				if err := cmd.Process.Kill(); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := cmd.Wait(); err == nil {
			t.Fatal("it was not killed")
		}
		if n := len(acknowledged) - before; n <= last || n == many {
			t.Fatalf("round %d: %d were acknowledged, killed after %d", round, n, last+1)
		}
		s, err := Open(Config{File: name, Now: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		for i := range acknowledged {
			if !s.Has(id(i)) {
				t.Errorf("round %d: session %d was acknowledged, and is not revoked", round, i)
			}
		}
		s.Close()
	}
	t.Logf("%d revocations acknowledged by processes that were killed, all hold", len(acknowledged))
}

// TestTogether: processes that write to one file at the same time, while others start, lose nothing
// of each other.
func TestTogether(t *testing.T) {
	name := filepath.Join(t.TempDir(), "revoked")
	var all []*exec.Cmd
	for i := range 3 {
		cmd := process("revoke", name, strconv.Itoa(i*many))
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		all = append(all, cmd)
	}
	write := func() { // makes each that starts write the file anew
		f, err := os.OpenFile(name, os.O_WRONLY|os.O_APPEND, 0)
		if err != nil {
			return // not yet
		}
		defer f.Close()
		if err := lock(context.Background(), f); err == nil {
			_, _ = f.Write(appendLine(nil, id(-1), 1))
		}
	}
	for range 10 {
		write()
		s, err := Open(Config{File: name, Now: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		s.Close()
	}
	for _, cmd := range all {
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
	}
	s, err := Open(Config{File: name, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for i := range 3 * many {
		if !s.Has(id(i)) {
			t.Errorf("session %d is lost", i)
		}
	}
}
