// Package load offers HTTP load to one URL and reports the outcome of every request.
//
// Most callers want one call: [Run], with a [Target] from [NewTarget] and a [Load] that says how
// much. A load is one of two kinds, and the difference decides what its latency means:
//
//   - closed (Rate 0): every connection sends its next request when it has the answer to the last.
//     A server that stalls is sent nothing while it stalls, so a closed loop measures throughput
//     and hides stalls;
//   - open (Rate above 0): requests arrive at a constant rate, whatever the server does, as users
//     do. Latency runs from the time a request was due, not from when it could be sent, so that it
//     includes all the time that a user would have waited (leaving that out is what Gil Tene calls
//     coordinated omission).
//
// On Linux plain HTTP runs on epoll loops, one a worker, with raw non-blocking sockets; elsewhere,
// and for https, it runs on a goroutine a connection. Neither allocates per request: a request's
// bytes are made once, and a response is parsed in a buffer that is reused.
package load
