// Package mixture does to a service everything besides a constant load that it meets in its life:
// every scheme, renewals, revocations, verifications, reloads, mistakes and clients that come and
// go.
//
// Most callers have [New] make the configuration, start the service with it, and call
// [Mixture.Run] beside the load.
package mixture
