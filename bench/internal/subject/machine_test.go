package subject

import (
	"errors"
	"testing"
	"time"
)

func TestParseMachine(t *testing.T) {
	const stat = "cpu  100 20 30 400 50 6 7 8 0 0\ncpu0 100 20 30 400 50 6 7 8 0 0\n"
	m, err := parseMachine(stat, "11.74 11.56 10.47 13/400 95034\n")
	want := Machine{Processes: 1500 * time.Millisecond, Stolen: 80 * time.Millisecond,
		All: 6210 * time.Millisecond, Load: 11.74}
	if err != nil || m != want {
		t.Errorf("%+v, error %v, want %+v", m, err, want)
	}
	for _, c := range [][2]string{{"", "1 1 1"}, {"cpu 1 2 3", "1 1 1"}, {stat, ""}} {
		if _, err := parseMachine(c[0], c[1]); !errors.Is(err, errMachine) {
			t.Errorf("%q, %q: error %v", c[0], c[1], err)
		}
	}
}
