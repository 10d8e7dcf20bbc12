// Package table stores the jobs, with all counters and everything that is learned from them, in
// one DynamoDB table.
//
// The jobs are in this package: their writes, claims, lists and lines. Package jobitem has what
// their items are. The counters are in package counter, and the records beside the jobs in package
// record. All of them read and write items by package dynamo.
//
// # Items
//
// The partition "job#<id>" is a job. One Query reads it whole. It has these items:
//   - "job": the claim of the submission, and its result. Only conditional writes change it.
//   - "request": written with the first "job", and once more when the job is forgotten.
//   - "progress#<step>": the last report of each step, for people. Progress has no version, and
//     no write depends on it. That of a forgotten job is marked, and not written again.
//
// The other partitions:
//   - "sent#<request>": the jobs of a request that was sent without an Idempotency-Key. The item
//     expires.
//   - "content#<sha256>": the job that was made from a prompt file with that content.
//   - "times": an item for each model and length, with the times and charges of the last
//     generations.
//   - "days": an item for each day that has jobs.
//   - "watch": what the last watch saw.
//   - "prices" and "balance": the provider's price list, and the balance of the account.
//   - "money": an item for each month, with the sums of the money of the attempts that were
//     claimed in it.
//   - "usage#<month>": an item for each day and owner, with the same sums for each model. Like
//     "money", it changes only together with a job, in one transaction.
//   - "batch#<id>": a batch, with its plan and its counters; "batches" lists them.
//   - "outbox": what is to be told to the outside, see package outbox; "noticed" marks what was put
//     there once and is no ending.
//   - "control": the operator's decisions.
//   - "sweep": the position of the last sweep that ran out of time.
//
// # Indexes
//
// The index by-day has a partition for each UTC day, and by-status one for each state. Both have
// the fields that a list shows of a job, sorted by creation. No write depends on them. The index
// by-turn has the jobs that wait for room below a limit, in the order of their turns. It decides
// whether a claim is tried; the counters decide whether it succeeds.
//
// # Writes
//
// Every write of a versioned item sets the next version and a mark, a random text that no other
// write has. Its condition is that the version is still the one that was read. After a failed
// condition or a lost answer, the write took effect if and only if the item has its mark. The
// version alone doesn't tell: if two writers try to write version 7, each would take the item
// for its own. A failed condition returns the item; after a lost answer it is read.
//
// Every read that a write depends on is consistent.
package table
