//go:build race

package server

// requests is smaller under the race detector, which slows the test down eightfold.
const requests = 100_000

// withCuts has requests sent in pieces, too: make attack-cases does, without the race detector.
const withCuts = false
