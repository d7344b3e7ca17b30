package measure

import (
	"context"
	"fmt"

	"videotoken/bench/internal/record"
)

// Interleave runs every arm once a round, one after the other, in alternating order (ABBA): what the machine does
// slowly falls on all of them alike. run measures one arm with a fresh process; progress is told of each before it.
func Interleave(ctx context.Context, arms, rounds int, progress func(round, arm int),
	run func(ctx context.Context, arm int) (*record.Result, error)) ([][]*record.Result, error) {
	results := make([][]*record.Result, arms)
	for round := range rounds {
		for i := range arms {
			arm := i
			if round%2 == 1 {
				arm = arms - 1 - i
			}
			progress(round, arm)
			r, err := run(ctx, arm)
			if err != nil {
				return nil, fmt.Errorf("round %d: %w", round+1, err)
			}
			results[arm] = append(results[arm], r)
		}
	}
	return results, nil
}
