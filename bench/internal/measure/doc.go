// Package measure puts one run together: a load on a target, the samples recorded, and what the server's process spent
// meanwhile.
//
// Most callers start a server with [Service.Start] and call [Run].
package measure
