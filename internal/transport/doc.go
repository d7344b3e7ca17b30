// Package transport reads requests from sockets and writes their answers: plain requests in event
// loops, everything else in fasthttp. Without epoll, which is Linux's, fasthttp serves everything.
//
// Most callers want [New], then [Server.Serve] with a listener, and [Server.Drain] and
// [Server.Shutdown] at the end. A handler must not wait for anything: it would hold up its loop,
// and with it a share of all connections. For what takes long there is [Wait].
//
// # Why loops
//
// In fasthttp and net/http each connection has a goroutine. A request then costs a read that finds
// nothing, a goroutine that parks and is woken, and one to three timers. A loop waits for many
// sockets at once (epoll(7)), then reads, answers and sends, without another goroutine, a lock or
// an allocation. Loops take TCP connections and Unix sockets. Any other net.Conn goes to fasthttp.
//
// A read and a send a request are two system calls, and to enter the kernel costs a tenth of the
// request, more in a virtual machine. Where the kernel allows it, a loop reads up to 32 connections
// in one call, answers them, and sends the answers in another (io_uring(7)). Linux before 6.0 has
// no such calls, and the seccomp profiles of many container runtimes refuse them: there, each
// socket has its own.
//
// # The states of a connection
//
//		accepted ──> idle ──> reading ──> idle
//		    │          │         │  ▲
//		    │          │         ▼  │
//		    │          │        queued <──> sending, waiting
//		    │          │         │             │
//		    └──────────┴─────────┴──> handed over ──> closed
//		    │          └─────────┴─────────────┴────> closed
//		    └─────> leaving ────────────────────────> closed
//
//	  - accepted: the goroutine of the listener gave the connection to the loop with the fewest.
//	    It is a descriptor, and no connection of package net: that would be in Go's poller, too.
//	  - idle: there was an answer, and nothing of another request has come. No memory is held.
//	  - reading: a part of a request has come. It waits in a buffer of the loop (conn.pending).
//	  - queued: two requests of the connection were answered, and it may have sent more; or its
//	    next request has a large body. It waits in the loop's backlog while other connections have
//	    their turn, and its socket is not read meanwhile. The loop looks for new requests after
//	    each turn of a queued connection.
//	  - sending: the client did not take all of an answer. What it did not take waits in
//	    conn.unsent until the socket has room again. Meanwhile the socket is not read, and
//	    afterwards the connection is queued. A client that does not take the answers within the
//	    request's time is closed.
//	  - waiting: its next request waits for something that takes long ([Wait]), and is the
//	    beginning of conn.pending. The socket is not read meanwhile. When the request is woken,
//	    the connection is queued, and its handler runs again. A request that waits for longer than
//	    its time is closed.
//	  - leaving: its first request asked for the close, and was all that came. It is closed when
//	    the loop sends its answers. If the socket does not take the answer, it is handed over.
//	  - handed over: something came that is not plain, an answer closes the connection, or the
//	    request took too long. The connection goes to fasthttp with the bytes that were read and
//	    not answered, and those that were not sent. It never comes back.
//	  - closed: by the client, after its idle time, to make room for a new one, for its memory,
//	    because it did not take its answers, or because the server stops.
//
// A connection goes from one state to the next within a turn of its loop: to answer is no state.
// Answers of up to 32 connections are kept and then sent together (outbox).
//
// A connection that had more than one request closes gracefully: first its sending direction, then,
// when the client has closed or a second has passed, all of it. A close with bytes that were not
// read becomes a reset, and the client loses the answers that it has not read (RFC 9112, section
// 9.6).
//
// Handing over a connection takes a second descriptor for a moment. If there is none, the
// connection is closed.
//
// # Plain requests
//
// A request is plain if it is HTTP/1.1 or 1.0 in the origin form, with a Content-Length or without
// a body, within the limits, without Upgrade, Expect or Transfer-Encoding, and without any doubt
// about its framing or host. fasthttp's parser decides, and isPlain, where that parser is lenient.
//
// # Everything else
//
// A framer stands in front of fasthttp. It checks each line of a head by RFC 9112, reads the body
// as it comes, and passes the end of the head on only with the whole body. So memory grows with
// what a client has sent, not with what it announces; chunks become one chunk, and trailers are
// dropped. The framer also answers Expect: 100-continue. Its errors go to the ErrorHandler.
//
// The handlers of these requests take turns, so that few of their goroutines can run at a time. A
// loop lets other goroutines run every 4 ms. Where a hundred of them can run, the loop would come
// after all of them.
//
// # Limits
//
// Over the limit of connections, those that have been idle for longer than a second are closed for
// new ones, the longest idle first. If there are none, a new connection is answered with Busy. Over
// the limit of memory the oldest unfinished requests are given up, also queued ones, with Full in a
// loop and an error for ErrorHandler in fasthttp. Send buffers are small, so that the kernel holds
// little for clients that do not read.
//
// # How a loop waits
//
// A loop waits in the system call itself (RawSyscall), for 20 ms at most, and Go's scheduler
// believes that it runs. If the scheduler knew, it would take the loop's processor away within 20
// µs, and the loop would have to get one back for every event. This is safe:
//
//   - A busy loop yields every 4 ms, before the runtime would interrupt it: yield_linux.go says
//     why.
//   - To stop the world or to preempt, the runtime sends a signal to the thread. That ends the wait
//     (EINTR: epoll_wait is never restarted, signal(7)), and the next call of a Go function yields.
//   - All else has a processor of its own: the connections with fasthttp, the admin port, the
//     collector. GOMAXPROCS is one more while there are loops, and no longer follows a container's
//     limit.
//   - A loop with nothing to do for 20 ms waits in a way that the scheduler knows of.
//   - If the kernel does not run a loop's thread, in a container with half a CPU, the loop's
//     connections wait, as with any server.
//
// # Time
//
// There is one clock, which ticks four times a second, and no timer for a connection. At each tick
// the loops, and [set] for the connections with fasthttp, look for connections that are late. The
// time of a request, [fasthttp.RequestCtx.Time], is when its loop woke up.
//
// # Files
//
//	transport.go, listener.go    the server, and how it accepts
//	accept_linux.go              how it accepts for loops
//	limits.go, descriptors_*.go  how many connections, how much memory
//	loop_linux.go, poll_linux.go the loop, and what it waits with
//	yield_linux.go               how it shares its processor
//	conn_linux.go                a connection in a loop
//	turns_linux.go               the turns that the connections of a loop have
//	expiry_linux.go              connections that are late, or in the way
//	intake_linux.go, source_linux.go  how sockets are read
//	ring_linux.go                many reads or sends in one system call
//	answer_linux.go              from requests to answers
//	outbox_linux.go              answers that are to be sent
//	wait.go, parking_linux.go    requests that wait for something that takes long
//	unsent_linux.go              answers that a client does not take
//	buffers_linux.go             buffers of unfinished requests
//	handover_linux.go, queue.go  connections on their way to fasthttp
//	set.go, served.go            connections with fasthttp: their times and their end
//	turns.go                     the turns that the requests with fasthttp have
//	framer.go, line.go, chunks.go, blocks.go how requests are read in front of fasthttp
//	fasthttp.go                  what leans on how fasthttp works inside
//	processors.go                GOMAXPROCS
package transport
