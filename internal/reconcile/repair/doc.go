// Package repair writes back into a table of jobs what it lacks after it was restored
// to a point in time: the jobs, attempts and generations that the provider's logs, the
// manifests in the videos bucket and the executions show. Without them, jobs that were
// paid for would be submitted again.
//
// It only adds: an attempt that the table has stays, and so does a generation. What
// ended is left to package jobs, which settles executions that are over. It is run
// while nothing is claimed, and may be broken off and run again.
//
// It also writes what the provider's charges show of uncertain money, and counters anew
// that aren't the sums of the jobs' money, at any time.
package repair
