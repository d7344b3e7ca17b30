// Package transport reads requests from sockets and writes their answers: in event loops where requests are plain, in
// fasthttp where they are not, and everywhere but on Linux.
//
// Most callers want [New], then [Server.Serve] with a listener of their own and [Server.Shutdown] at the end. A handler
// must not wait for anything: it holds up its loop, and with it a share of all connections.
//
// # Why
//
// A goroutine a connection, as in fasthttp and net/http, costs a request a read that finds nothing, a goroutine that
// parks and is woken, and a timer or three. A loop has none of that: it waits for many sockets at once (epoll(7)), and
// then reads, answers and sends, without another goroutine, a lock, or an allocation.
//
// # A connection
//
//	accepted ──> idle ──> reading ──> answering ──> answered ──> idle
//	               │         │            │             │
//	               │         └────────────┼─────────────┴──────> handed over ──> closed
//	               └──────────────────────┴────────────────────────────────────> closed
//
// What each of these states means:
//
//   - accepted: the listener's goroutine gives it to the loop with the fewest connections, which finds it in its inbox
//     when its first event comes. Until its first answer it is a connection of Go's, too, for many a client has one
//     request in HTTP/1.0, or with Connection: close: it is handed over as it is then.
//   - idle: nothing of a request is there, and no memory is held for one.
//   - reading: a part of one is there, and waits in a buffer of the loop's (conn.pending).
//   - answering: fasthttp's parser has read a request that is plain and all there, and the handler answers it.
//   - answered: the answer is in the outbox, with up to 31 of other connections, and is sent with them.
//   - handed over: anything that is not plain came, the peer did not take an answer whole, or the request's time is up.
//     The connection goes to fasthttp with the bytes that were read, from the request's first on, and those that were
//     not sent, and stays there: every refusal and every rare form is fasthttp's own.
//   - closed: by the peer, by an answer that says so, by its idle time, or by a drain.
//
// A handover of a connection that has had an answer takes a descriptor for a moment. Where there is none left, the
// connection is closed.
//
// Plain is HTTP/1.1 in the origin form, with Content-Length or no body, within the limits, and with nothing that
// changes the connection: no Connection: close, Upgrade, Expect or Transfer-Encoding, no folded lines, no doubt about
// its framing or its host. Of that the parser is the judge: what it does not take at once is handed over.
//
// # Waiting
//
// A loop waits for events in the system call itself (RawSyscall), for 20 ms at most, and Go's scheduler believes that it
// runs. Told of the wait, the scheduler would take its processor away within 20 µs, and the loop would have to get it
// back for every event. This is safe for four reasons.
//
//   - Stop-the-world and preemption: the runtime asks a goroutine to yield by a signal to its thread, which ends the
//     wait (EINTR: epoll_wait is never restarted, signal(7)), and the next call in Go yields. The same holds for the
//     scheduler's own time slices.
//   - Everything else, which is the connections that were handed over, the admin port, and the collector, has a
//     processor of its own: GOMAXPROCS is one more while there are loops. Go no longer follows a change of a
//     container's limit then.
//   - A loop with nothing to do for 20 ms waits in a way the scheduler is told of, and gives up its processor.
//   - A loop whose thread the kernel does not run, in a container with half a CPU, delays what is its own, as a thread
//     of any server does.
//
// # Time
//
// There is one clock, of ticks of a second, and no timer a connection: at every tick the loops, and [set] for what
// fasthttp serves, look through their connections for those that are late. The time of a request, of
// [fasthttp.RequestCtx.Time], is when its loop woke up.
//
// # Files
//
//	transport.go, listener.go    the server, and how it accepts
//	loop_linux.go, poll_linux.go the loop, and what it waits with
//	conn_linux.go                a connection in a loop
//	expiry_linux.go              connections that are late
//	source_linux.go              what is read of it
//	answer_linux.go              requests to answers
//	outbox_linux.go              answers on their way
//	buffers_linux.go             what waits for the rest of a request
//	handover_linux.go, queue.go  connections on their way to fasthttp
//	served.go                    connections with fasthttp: their times and their end
//	processors.go                GOMAXPROCS
package transport
