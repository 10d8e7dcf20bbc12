// Package intake is the way into the state machine, the same for every trigger:
// it gives a request its job's id, starts the job once, says and lists how jobs
// are doing, cancels them, and redrives them. The packages that know a trigger
// (web, promptfile) call it; it knows none of them.
package intake
