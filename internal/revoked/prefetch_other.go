//go:build !amd64 && !arm64

package revoked

import "sync/atomic"

// prefetch does nothing where there is no assembly for it.
func prefetch(*atomic.Uint64) {}
