// Package record turns the samples of a run into figures: distributions and series over time. It
// also decides whether the run is valid.
//
// Most callers make a [Recorder] with [New], hand its Add to [videotoken/bench/internal/load.Run],
// and call Result.
package record
