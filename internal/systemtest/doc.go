// Package systemtest tests the program as its users have it: built, started as a process of its
// own, asked over real sockets, told to stop by signals; and the README's transcript, executed. It
// has tests only.
package systemtest
