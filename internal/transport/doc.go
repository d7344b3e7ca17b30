// Package transport reads the sockets.
//
// Most callers want [New].
package transport
