// Package chaos sends jobs through the deployed template while the provider's simulator and
// the proxies before the services of AWS make calls fail. Then it compares what has become of the
// jobs with the promises, from the outside: by the simulator's own records, the table, the lists,
// the buckets, the executions and the events that were told.
//
// Executions are stopped by hand, before each kind of call, at once and by the clock. Their
// status events go through a queue, and are dropped, repeated and delayed. As an operator
// would, a run redrives interrupted jobs. DynamoDB's proxy refuses calls within 30 ms of a
// transaction on the same item, and answers reads that are not consistent with a state of
// some seconds ago: MiniStack does neither.
//
// A share of the jobs comes by batches. Their executions are stopped too, or those that look
// after one line; the events of their files go through a queue as well; some are cancelled. As
// an owner would, a run starts again what died, and runs batches once more at the end.
//
// The event bus fails calls and entries of calls. The mapping of the table's stream is disabled,
// or throws its records away, for a while, and items that can't be told are put into the outbox.
//
// What the functions logged in CloudWatch's embedded format has every metric that an alarm or the
// dashboard uses.
//
// The faults are planned. Whether and how the n-th call of a kind for a job fails depends
// only on the seed, the kind, the job and n, not on the time. (When the provider refuses
// connections depends on how many it has accepted, since a connection has no job.) How many
// calls there are does depend on the time, so two runs of a seed count a little differently.
// Only the first few of a job's calls of a kind can fail, so that every job can end.
//
// The template is deployed unchanged, with small parameters. Three things are smaller than
// the parameters allow: Step Functions' waits and retry intervals are multiplied by
// Times.Scale (MiniStack's SFN_WAIT_SCALE), the functions' timeouts are lowered after the
// deployment, since each withheld answer costs a whole one, and sweeps run every few
// seconds.
package chaos
