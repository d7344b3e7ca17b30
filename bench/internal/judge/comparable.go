package judge

import (
	"errors"
	"fmt"

	"videotoken/bench/internal/record"
	"videotoken/bench/internal/report"
)

// ErrComparable is the error of runs that must not be compared.
var ErrComparable = errors.New("not comparable")

// Comparable returns an error if two files cannot be compared: they differ in machine, load or
// body.
func Comparable(before, after *report.File) error {
	a, b := before.Machine, after.Machine
	a.Go, b.Go = "", "" // the version that built the harness does not matter
	if a != b {
		return fmt.Errorf("%w: measured on %v and on %v", ErrComparable, a, b)
	}
	names := Names(before)
	if len(names) == 0 {
		return fmt.Errorf("%w: the old file has no results", ErrComparable)
	}
	for _, name := range names {
		o, n := Named(before, name), Named(after, name)
		if len(n) != len(o) {
			return fmt.Errorf("%w: the old file has %d results named %q and the new one %d",
				ErrComparable, len(o), name, len(n))
		}
		for i := range o {
			if err := sameLoad(o[i], n[i]); err != nil {
				return fmt.Errorf("%w: %s: %w", ErrComparable, name, err)
			}
		}
	}
	return nil
}

func sameLoad(before, after *record.Result) error {
	a, b := before.Load, after.Load
	if a.BodySHA256 != b.BodySHA256 {
		return errors.New("the bodies differ")
	}
	a.URL, b.URL = "", "" // ports differ from run to run
	if a != b {
		return fmt.Errorf("the loads differ: %+v and %+v", a, b)
	}
	if len(before.Errors)+len(before.Invalid)+len(after.Errors)+len(after.Invalid) > 0 {
		return errors.New("a run that failed or is invalid says nothing: measure it again")
	}
	return nil
}

// Names returns the names of a file's results, each one once, in order.
func Names(f *report.File) (names []string) {
	seen := map[string]bool{}
	for _, r := range f.Results {
		if !seen[r.Name] {
			seen[r.Name] = true
			names = append(names, r.Name)
		}
	}
	return names
}

// Named returns a file's results of one name.
func Named(f *report.File, name string) (results []*record.Result) {
	for _, r := range f.Results {
		if r.Name == name {
			results = append(results, r)
		}
	}
	return results
}
