// Package measure performs one run: it offers a load to a target, records the samples, and reads
// what the server's process used meanwhile.
//
// Most callers start a server with [Service.Start] and call [Run].
package measure
