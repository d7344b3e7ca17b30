//go:build !linux

package subject

import (
	"errors"
	"time"
)

var errLinux = errors.New("what another process spends is read on Linux only")

// CPU is the CPU time that a process has spent. Here it cannot be read.
func CPU(int) (time.Duration, error) { return 0, errLinux }

// PeakRSS is the most memory a process ever had resident. Here it cannot be read.
func PeakRSS(int) (int64, error) { return 0, errLinux }
