package record

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

var (
	// ErrFailed is the error of a run in which something was not answered rightly.
	ErrFailed = errors.New("the run failed")
	// ErrInvalid is the error of a run in which the load was not offered: it says nothing of the server.
	ErrInvalid = errors.New("the run is invalid")
)

// Sound is nil for a run that says something of the server, else the error that says why not. A failure comes first,
// since it may be what kept the load from being offered.
func (r *Result) Sound() error {
	if len(r.Errors) > 0 {
		var why []string
		for _, reason := range slices.Sorted(maps.Keys(r.Errors)) {
			why = append(why, fmt.Sprintf("%d: %s", r.Errors[reason], reason))
		}
		return fmt.Errorf("%s: %w: %s", r.Name, ErrFailed, strings.Join(why, "; "))
	}
	if len(r.Invalid) > 0 {
		return fmt.Errorf("%s: %w: %s", r.Name, ErrInvalid, strings.Join(r.Invalid, "; "))
	}
	return nil
}
