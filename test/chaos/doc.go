// Package chaos sends jobs through the deployed template while the provider's
// stand-in and the proxies before S3 and DynamoDB misbehave, and then holds what
// came of them against the promises, from the outside: the stand-in's own ledger,
// the table, the buckets, the executions.
//
// What goes wrong is a plan. Whether, and how, the n-th call of a kind for a job
// fails depends on the seed and on these three alone, not on the time. (When the
// provider refuses connections depends on how many it has accepted: a connection
// has no job.) How many calls there are does depend on it, so two runs of a seed
// count a little differently. A job's calls of a kind fail only among the first few, so that
// every job can come to an end.
//
// The template is deployed as it is. Its parameters are small, and two things are
// made smaller than they allow: Step Functions' waits and retry intervals run at
// Times.Scale of their length (MiniStack's SFN_WAIT_SCALE), and the functions'
// timeouts are lowered after the deploy, since a withheld answer costs a whole
// one.
package chaos
