package record

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

var (
	// ErrFailed is the error of a run in which a request had no right answer.
	ErrFailed = errors.New("the run failed")
	// ErrInvalid is the error of a run in which the load could not be offered. It says nothing
	// about the server.
	ErrInvalid = errors.New("the run is invalid")
)

// Sound returns nil for a run without failures that is valid. Failures are reported first, since
// they can be the reason why the load could not be offered.
func (r *Result) Sound() error {
	if len(r.Errors) > 0 {
		var why []string
		for _, reason := range slices.Sorted(maps.Keys(r.Errors)) {
			why = append(why, fmt.Sprintf("%d: %s", r.Errors[reason], reason))
		}
		return fmt.Errorf("%s: %w: %s", r.Name, ErrFailed, strings.Join(why, "; "))
	}
	if len(r.Invalid) > 0 {
		return fmt.Errorf("%s: %w: %s", r.Name, ErrInvalid,
			strings.Join(append(slices.Clone(r.Invalid), r.Others.String()), "; "))
	}
	return nil
}
