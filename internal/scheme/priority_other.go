//go:build !linux

package scheme

// giveWay does nothing where a thread has no priority of its own.
func giveWay() {}
