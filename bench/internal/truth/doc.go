// Package truth knows the right answer to a request for signed video URLs, and detects a wrong one.
//
// Most callers read the service's own configuration with [ReadConfig], make an [Answer] for the
// request's body with [NewAnswer], and give its Check to every load they run.
package truth
