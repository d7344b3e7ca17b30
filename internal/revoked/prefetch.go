//go:build amd64 || arm64

package revoked

import "sync/atomic"

// prefetch has the processor load a word into its caches, and does not wait for it.
//
//go:noescape
func prefetch(p *atomic.Uint64)
