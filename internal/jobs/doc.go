// Package jobs implements the operations on jobs, whoever asks for them: starting a job once,
// showing, listing, cancelling, retrying, redriving and forgetting it, and settling a job whose
// execution ended without recording an outcome. The job's item in the table is the source of
// truth. The videos bucket and Step Functions are read only for an operation that changes
// something.
//
// Package listing lists jobs. What a job shows is in package view, its executions are in package
// runs, and package sweep settles the jobs that nobody looks after.
package jobs
