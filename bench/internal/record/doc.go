// Package record turns the samples of a run into what is said of it: distributions, series over time, and whether the
// run is valid at all.
//
// Most callers make a [Recorder] with [New], hand its Add to [videotoken/bench/internal/load.Run], and call Result.
package record
