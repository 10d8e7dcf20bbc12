// Package table keeps the jobs, and all that is counted and learned of them, in one DynamoDB
// table.
//
// # Items
//
// The partition "job#<id>" is a job, which one Query reads whole. It has these items:
//   - "job": the claim of the submission and what became of it. It is changed by
//     conditional writes only.
//   - "request": written with the first "job", and once more when the job is forgotten.
//   - "progress#<step>": what each step last reported, for people. These have no version,
//     and no write is based on them. Those of a forgotten job are marked, and not written
//     again.
//
// The other partitions:
//   - "sent#<request>": the jobs of a request that was sent without an Idempotency-Key. It
//     expires.
//   - "content#<sha256>": the job that a prompt file with that content became.
//   - "times": an item for each model and length, with the times and charges of the last
//     generations.
//   - "days": an item for each day that has jobs.
//   - "prices" and "balance": the provider's price list, and the balance of the account.
//   - "money": an item for each month, with the sums of the money of the attempts that were
//     claimed in it. "usage#<month>": an item for each day and owner, with the same sums for
//     each model. Both change only together with a job, in one transaction.
//   - "control": the operator's decisions.
//   - "sweep": the position of the last sweep that ran out of time.
//
// # Indexes
//
// by-day has a partition for each UTC day, by-status one for each state. Both have what a
// list shows of a job, sorted by creation. No write is based on them. by-turn has the jobs
// that wait for room below a limit, in the order in which they get it. It decides whether a
// claim is tried; the counters decide whether it succeeds.
//
// # Writes
//
// Every write of a versioned item sets the next version and a mark, which is a random text
// that no other write has, on condition that the version is still the one that was read.
// After a failed condition or a lost answer, the write took effect if and only if the item
// has its mark. The version alone doesn't say that: two writers may both have tried to
// write version 7, and both would believe that they did. A failed condition returns the
// item; after a lost answer it is read.
//
// Every read that a write is based on is consistent.
package table
