// Package chaos sends jobs through the deployed template while the provider's
// simulator and the proxies before S3, DynamoDB and Step Functions misbehave, and then
// holds what came of them against the promises, from the outside: the simulator's own
// ledger, the table, the lists, the buckets, the executions.
//
// Executions are stopped by hand, before each kind of call, at once and by the clock.
// Their status events come by way of a queue, and are dropped, repeated and delayed. As
// an operator would, a run redrives what was interrupted. DynamoDB's proxy refuses what
// comes within 30 ms of a transaction on the same item, and answers what isn't read
// consistently from some seconds ago: MiniStack does neither.
//
// What goes wrong is a plan. Whether, and how, the n-th call of a kind for a job
// fails depends on the seed and on these three alone, not on the time. (When the
// provider refuses connections depends on how many it has accepted: a connection
// has no job.) How many calls there are does depend on it, so two runs of a seed
// count a little differently. A job's calls of a kind fail only among the first few, so that
// every job can come to an end.
//
// The template is deployed as it is. Its parameters are small, and three things are
// made smaller than they allow: Step Functions' waits and retry intervals run at
// Times.Scale of their length (MiniStack's SFN_WAIT_SCALE), the functions' timeouts
// are lowered after the deploy, since a withheld answer costs a whole one, and sweeps
// are made every few seconds.
package chaos
