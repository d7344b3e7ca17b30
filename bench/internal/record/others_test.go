package record

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func TestOthers(t *testing.T) {
	for want, o := range map[string]*Others{
		"who else was busy is not known": NewOthers(3,
			0, 0, 0, 0),
		"load average 3.0; other processes took 0 % of the CPU time": NewOthers(3,
			20*time.Second, 5*time.Second, 5001*time.Millisecond, 0),
		"load average 11.7; other processes took 75 % of the CPU time": NewOthers(11.74,
			20*time.Second, 18*time.Second, 3*time.Second, 0),
		"load average 1.0; other processes took 10 % of the CPU time, other virtual machines 25 %": NewOthers(
			1,
			20*time.Second, 3*time.Second, time.Second, 5*time.Second),
	} {
		if got := o.String(); got != want {
			t.Errorf("%+v: %q, want %q", o, got, want)
		}
	}
}

// TestSoundNamesOthers wants the error of an invalid run to say who was busy.
func TestSoundNamesOthers(t *testing.T) {
	r := &Result{Name: "open", Invalid: []string{"late"}, Others: &Others{Load: 9, CPU: 0.5}}
	if err := r.Sound(); !errors.Is(err, ErrInvalid) ||
		!strings.Contains(err.Error(), "late; load average 9.0; other processes took 50 %") {
		t.Errorf("error %v", err)
	}
}
