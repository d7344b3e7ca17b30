// Package report writes what was measured: tables for a terminal, the JSON file that comparisons
// read, .hgrm for HdrHistogram's plotter, results for vegeta, and a page for a browser.
//
// Most callers fill a [File], call [Print] for each of its results, and [File.Write].
package report
