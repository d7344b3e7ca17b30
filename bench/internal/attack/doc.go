// Package attack runs hostile clients against the service and checks that well-behaved ones do not
// suffer more than a stated bound.
//
// Most callers pick an [Attack] from [Attacks] and call [Site.Run]. Everything stays on the
// loopback interface and ends after a fixed number of rounds.
//
// What is compared, and why. The attackers, the well-behaved clients and the service share the
// machine's cores. A latency under attack therefore has two parts: what the service does to the
// well-behaved client, and what the machine lost to the attackers. Only the first is the service's
// fault. So the same well-behaved load runs at the same time against a second, identical instance
// that is not attacked: it loses the same share of the machine, and the ratio of the two leaves the
// service's part. The ratio to the attacked instance's own latency at rest is printed too; it has
// both parts, and no bound.
//
// A thousand attackers are as many clients as saturate the service when they behave. They are
// compared with a thousand well-behaved ones: the two instances take turns, each alone on the
// machine with its own thousand.
//
// The attackers run in a process of their own with normal priority. The well-behaved load runs
// before other processes where it has the privilege (see package load), so that its own delay is
// not counted as the service's.
package attack
