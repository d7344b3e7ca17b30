// Package sockdiag tells tests whether a server on the same machine has read what they sent, so
// that what they send next is another piece to it. It is for tests, and for Linux alone; the
// service does not link it.
//
// Most callers want [HasRead].
package sockdiag
