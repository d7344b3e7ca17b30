// Package limits has the limits that hold where the configuration has no others. The reader of
// configurations shows them, and the packages that keep within them have no numbers of their own.
package limits

import "time"

// The limits of a request, and of all that are open at a time.
const (
	Body        = 64 << 10 // bytes of a request's body
	Header      = 16 << 10 // bytes of a request line with its headers
	URLs        = 256      // in a request
	Connections = 100_000
	// bytes that unfinished requests hold, where nothing says how much memory there is
	Memory = 512 << 20

	RequestTime = 10 * time.Second // from the first byte of a request to the last of its answer
	IdleTime    = 75 * time.Second // between requests: proxies keep a connection for 60 s
)
