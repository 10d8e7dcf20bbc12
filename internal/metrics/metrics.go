// Package metrics has the metrics of a stack in CloudWatch, and writes them in its embedded metric
// format: a line of JSON to a function's log, from which CloudWatch takes the values. That needs
// no call and no permission.
//
// Each metric has the stack as a dimension. What counts an event counts it at least once: an
// ending that is told twice is counted twice.
package metrics

import (
	"fmt"
	"slices"

	"github.com/takeup/takeup/internal/video"
	"github.com/takeup/takeup/internal/video/report"
)

// Namespace is the namespace of all metrics.
const Namespace = "Takeup"

// StackDimension is the dimension that every metric has: the name of the stack.
const StackDimension = "Stack"

// Most is how many metrics a stack may have, with each value of a dimension counted by itself, as
// CloudWatch charges them. docs/cost.md says what they cost.
const Most = 40

// Unit is the unit of a metric, as CloudWatch knows it.
type Unit string

// The units.
const (
	Count          Unit = "Count"
	Percent        Unit = "Percent"
	Seconds        Unit = "Seconds"
	Bytes          Unit = "Bytes"
	BytesPerSecond Unit = "Bytes/Second"
	USD            Unit = "None" // CloudWatch has no unit for money
)

// Name is the name of a metric.
type Name string

// The metrics.
const (
	Endings          Name = "Endings"
	Failed           Name = "Failed"
	PaidWithoutVideo Name = "PaidWithoutVideo"
	TimeToStored     Name = "TimeToStored"
	NoticeLag        Name = "NoticeLag"
	Polls            Name = "Polls"
	CopiedBytes      Name = "CopiedBytes"
	CopyRate         Name = "CopyRate"
	OutboxLag        Name = "OutboxLag"
	SpentUSD         Name = "SpentUSD"
	ReservedUSD      Name = "ReservedUSD"
	UncertainUSD     Name = "UncertainUSD"
	CapUsed          Name = "CapUsed"
	Unfinished       Name = "Unfinished"
	Waits            Name = "Waits"
	SweepDifferences Name = "SweepDifferences"
	BalanceUSD       Name = "BalanceUSD"
	WatchFindings    Name = "WatchFindings"
	StuckJobs        Name = "StuckJobs"
	Deliveries       Name = "Deliveries"
)

// Stored is the value of the dimension Outcome for a stored video.
const Stored = "stored"

// The values of the dimension Cap.
const (
	CapDay   = "day"
	CapMonth = "month"
)

// Metric is a row of the table of metrics.
type Metric struct {
	Name Name
	Unit Unit
	// Dimension is the dimension beside the stack; empty: none. Values are all that it has.
	Dimension string
	Values    []string
	// By is the function that emits it, by its folder.
	By string
	// Meaning is a line for the documents.
	Meaning string
}

// Size is how many metrics the row is in CloudWatch.
func (m Metric) Size() int { return max(1, len(m.Values)) }

// Table returns the table of metrics.
func Table() []Metric {
	outcomes := []string{Stored}
	for _, o := range video.Outcomes() {
		outcomes = append(outcomes, o.Name)
	}
	return []Metric{
		{Name: Endings, Unit: Count, Dimension: "Outcome", Values: outcomes, By: "outbox", Meaning: "jobs that ended"},
		{Name: Failed, Unit: Count, By: "outbox", Meaning: "for each ending, 1 if there is no video though nobody cancelled or discarded it, else 0; the average is the share of failures"},
		{Name: PaidWithoutVideo, Unit: Count, By: "outbox", Meaning: "for each ending, 1 if it is paid and there is no video though nobody discarded it, else 0"},
		{Name: TimeToStored, Unit: Seconds, By: "outbox", Meaning: "from a job's creation until its video is stored"},
		{Name: NoticeLag, Unit: Seconds, By: "outbox", Meaning: "the most that a finished video can have waited to be noticed: the time between the last two polls"},
		{Name: Polls, Unit: Count, By: "outbox", Meaning: "polls for a stored video"},
		{Name: CopiedBytes, Unit: Bytes, By: "outbox", Meaning: "the size of a stored video"},
		{Name: CopyRate, Unit: BytesPerSecond, By: "outbox", Meaning: "how fast it was copied into the bucket"},
		{Name: OutboxLag, Unit: Seconds, By: "outbox", Meaning: "the age of the oldest event that is not told yet"},
		{Name: SpentUSD, Unit: USD, By: "settle", Meaning: "spent in the month, so far"},
		{Name: ReservedUSD, Unit: USD, By: "settle", Meaning: "reserved in the month for jobs in progress"},
		{Name: UncertainUSD, Unit: USD, By: "settle", Meaning: "perhaps spent in the month"},
		{Name: CapUsed, Unit: Percent, Dimension: "Cap", Values: []string{CapDay, CapMonth}, By: "settle", Meaning: "what counts against a cap on money, in percent of it; 0 without a cap"},
		{Name: Unfinished, Unit: Count, By: "settle", Meaning: "jobs without an outcome"},
		{Name: Waits, Unit: Count, Dimension: "Kind", Values: HeldKinds(), By: "settle", Meaning: "of these, those that are held up by a cap, a pause (`resume`), the provider's lack of room, or a submission that was not answered (`answer`)"},
		{Name: SweepDifferences, Unit: Count, By: "settle", Meaning: "jobs that a sweep had to settle or to start, since nothing else had"},
		{Name: BalanceUSD, Unit: USD, By: "prices", Meaning: "the balance of the account at the provider"},
		{Name: WatchFindings, Unit: Count, By: "watch", Meaning: "what `takeup reconcile` would report of the last day's charges"},
		{Name: StuckJobs, Unit: Count, By: "watch", Meaning: "jobs that have not moved for two hours more than they meant to wait"},
		{Name: Deliveries, Unit: Count, By: "deliver", Meaning: "for each attempt to deliver a webhook, 1 if it was taken, else 0"},
	}
}

// HeldKinds returns the kinds of waits that are counted: those of video.Entry.Held.
func HeldKinds() []string {
	return []string{string(report.WaitCap), string(report.WaitResume), string(report.WaitRoom), string(report.WaitAnswer)}
}

// Of returns the row of a metric, and false if there is none.
func Of(name Name) (Metric, bool) {
	table := Table()
	i := slices.IndexFunc(table, func(m Metric) bool { return m.Name == name })
	if i < 0 {
		return Metric{}, false
	}
	return table[i], true
}

// Unknown is the error for a value that the table of metrics doesn't have.
type Unknown struct {
	Name Name
	Of   string
}

func (e *Unknown) Error() string {
	return fmt.Sprintf("there is no metric %s of %q; add it to the table of package metrics", e.Name, e.Of)
}
