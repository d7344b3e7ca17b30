//go:build !linux

package transport_test

import "time"

// awaitRead waits until the server has, in all likelihood, read all that was sent.
func (c *client) awaitRead() { time.Sleep(50 * time.Millisecond) }
