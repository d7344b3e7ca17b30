package main

import (
	"errors"
	"testing"
)

func TestSearch(t *testing.T) {
	for _, truth := range []float64{3, 3300, 12345, 80000} {
		got, err := search(3300, 0.05, func(rate float64) (bool, error) { return rate <= truth, nil })
		if err != nil || got > truth || got < truth/1.06 {
			t.Errorf("%v: found %v, error %v", truth, got, err)
		}
	}
	if got, err := search(100, 0.05, func(float64) (bool, error) { return false, nil }); got != 0 ||
		err != nil {
		t.Errorf("nothing holds: %v, %v", got, err)
	}
	disturbed := true // one miss does not end the search
	got, err := search(1000, 0.05, func(rate float64) (bool, error) {
		if disturbed && rate > 3000 {
			disturbed = false
			return false, nil
		}
		return rate <= 5000, nil
	})
	if err != nil || got < 4700 || got > 5000 {
		t.Errorf("after a disturbance: %v, %v", got, err)
	}
	wrong := errors.New("wrong")
	if _, err := search(1, 0.05, func(float64) (bool, error) {
		return false, wrong
	}); !errors.Is(err, wrong) {
		t.Errorf("error %v", err)
	}
}
