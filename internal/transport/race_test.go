//go:build race

package transport_test

// raced: under the race detector, which slows them down fivefold, cases are cut at every third
// point only.
const raced = true
