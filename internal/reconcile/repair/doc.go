// Package repair restores to the jobs table what it lost when it was restored to a point
// in time: the jobs, attempts and generations that the provider's logs, the manifests in
// the videos bucket and the executions show. Without them, jobs that were already paid for
// would be submitted again.
//
// Repair only adds: it keeps every attempt and generation in the table. Outcomes are left
// to package jobs, which settles ended executions. Repair must run while nothing claims
// jobs. It may be interrupted and run again.
//
// At any time, the package also resolves uncertain money by the provider's charges, and
// corrects counters that differ from the sum of the jobs' money.
package repair
