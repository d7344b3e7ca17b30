package differential

import (
	"bufio"
	"encoding/json"
	"os"
	"os/exec"
	"testing"
)

// Ask runs a script of the test's folder with Node.js. The script reads each question as a line of
// JSON, and prints an answer of one line.
func Ask[A, Q any](t *testing.T, script string, questions []Q) (answers []A) {
	t.Helper()
	cmd := exec.Command("node", script)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer in.Close()
		for _, q := range questions {
			if json.NewEncoder(in).Encode(q) != nil {
				return // the script ended, which the number of answers tells
			}
		}
	}()
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var a A
		if err := json.Unmarshal(lines.Bytes(), &a); err != nil {
			t.Errorf("%s printed %s: %v", script, lines.Bytes(), err)
		}
		answers = append(answers, a)
	}
	if err := cmd.Wait(); err != nil || len(answers) != len(questions) {
		t.Fatalf("%d answers to %d questions: %v", len(answers), len(questions), err)
	}
	return answers
}
