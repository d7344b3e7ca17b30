// Package logtest has what tests need of a log that nobody reads. It is for Linux alone; no program
// links it.
//
// Most callers want [FullPipe].
package logtest
