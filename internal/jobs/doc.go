// Package jobs is what there is to do with jobs, whatever asks for it: they are
// started once, shown, listed, cancelled, redriven, and settled where their
// executions died. What is known of a job is its item in the table; the videos bucket
// and Step Functions are asked where something is done to it.
package jobs
