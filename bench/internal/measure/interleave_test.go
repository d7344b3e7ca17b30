package measure

import (
	"context"
	"errors"
	"slices"
	"testing"

	"videotoken/bench/internal/record"
)

func TestInterleave(t *testing.T) {
	var order []int
	run := func(_ context.Context, arm int) (*record.Result, error) {
		order = append(order, arm)
		return &record.Result{Requests: int64(len(order))}, nil
	}
	got, err := Interleave(t.Context(), 3, 3, func(int, int) {}, run)
	if err != nil {
		t.Fatal(err)
	}
	if want := []int{0, 1, 2, 2, 1, 0, 0, 1, 2}; !slices.Equal(order, want) {
		t.Errorf("order %v, want %v", order, want)
	}
	for arm, want := range [][]int64{{1, 6, 7}, {2, 5, 8}, {3, 4, 9}} {
		for i, r := range got[arm] {
			if r.Requests != want[i] {
				t.Errorf("arm %d, round %d: run %d, want %d", arm, i, r.Requests, want[i])
			}
		}
	}
	wrong := errors.New("wrong")
	if _, err := Interleave(t.Context(), 2, 2, func(int, int) {}, func(context.Context, int) (*record.Result, error) { return nil, wrong }); !errors.Is(err, wrong) {
		t.Errorf("error %v", err)
	}
}
