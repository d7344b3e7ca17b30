//go:build race

package scheme

const raceEnabled = true // a sync.Pool drops what it holds at random
