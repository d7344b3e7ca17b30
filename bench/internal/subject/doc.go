// Package subject runs the server that is measured: it builds it, starts it as a process of its own
// on free ports of the loopback interface, reads what it uses, and stops it.
//
// Most callers want [Build], [Start] and [Process.Stop].
package subject
