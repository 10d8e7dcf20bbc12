// Package table keeps what is known of the jobs in one DynamoDB table.
//
// # Items
//
// A job is a partition, "job#<id>". Its item "job" is the claim of its submission
// and what became of it, and is changed by conditional writes only. Its item
// "request" is written with the first "job", and once more where the job is forgotten.
// One Query gives a job whole.
// The items "progress#<step>" are what each step told of its work on the job last,
// for people: they have no version, and no write is based on them. Those of a forgotten
// job say so, and are not written again.
// The partition "sent#<request>" has one item: the jobs that a request became which was
// sent without an Idempotency-Key of late. It expires.
// The partition "times" has an item for each model and length: how long the last
// generations took. The partition "days" has an item for each day that has jobs.
// The partition "prices" has the provider's price list, and "balance" the balance of the
// account there. The partition "money" has an item for each month: the sums of the money of the
// attempts that were claimed in it. The partition "usage#<month>" has one for each day
// and owner: the same for each model. They change with the job alone, in a transaction.
//
// # Indexes
//
// by-day has a partition for each UTC day, by-status one for each state; both have
// what a list shows of a job, sorted by when it was created. They are for showing:
// no write is based on them. by-turn has the jobs that wait for room below a limit,
// sorted by the order in which they get some: a claim is tried by it, and held to the
// limits by the counters.
//
// # Writes
//
// Every write of a job, a sending or a time sets the next version and a mark, a random text
// that no other write has, on condition that the version that was read is still
// there. Where the condition failed, or the answer was lost, the write took effect
// if and only if the item has its mark: two writers can both have tried to write
// version 7, and by the version alone both would believe that they did. After a
// failed condition the item comes with the failure; after a lost answer it is read.
//
// Every read that a write is based on is consistent.
package table
