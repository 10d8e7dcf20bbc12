// Package cost computes what AWS charges for the processing of a video: the state machine's
// transitions, its functions, and the requests to S3 and DynamoDB. It leaves out the provider's
// charge for the video, which is about a thousand times higher.
package cost

// Prices in US dollars in us-east-1, without free tiers, as of 2026-08-21.
const (
	// Transition is the price of a state transition of a standard workflow.
	// https://aws.amazon.com/step-functions/pricing/
	Transition = 0.025 / 1000
	// Invocation is the price of a Lambda request. GBSecond is the price of one second of a
	// function on arm64 for each GB of its memory; it is billed by the millisecond.
	// https://aws.amazon.com/lambda/pricing/
	Invocation = 0.20 / 1e6
	GBSecond   = 0.0000133334
	// Write is the price of a PUT or POST in S3 Standard, and Read that of a GET.
	// https://aws.amazon.com/s3/pricing/
	Write = 0.005 / 1000
	Read  = 0.0004 / 1000
	// TableWrite is the price of a write of up to 1 KB to an on-demand table, or to one of its
	// indexes; a transaction takes two. TableRead is the price of a consistent read of up to 4
	// KB.
	// https://aws.amazon.com/dynamodb/pricing/on-demand/
	TableWrite = 0.625 / 1e6
	TableRead  = 0.125 / 1e6
	// Metric, Alarm and Dashboard are the prices of one for a month, whose hours are charged in
	// which a metric has a value.
	// https://aws.amazon.com/cloudwatch/pricing/
	Metric    = 0.30
	Alarm     = 0.10
	Dashboard = 3.00
)

// Transitions returns the number of states entered by a job that is submitted at once, checked a
// number of times and stored at the first try. Each state is a transition, and so is each retry.
// TestTakeup in test/suites/e2e compares it with the histories of real executions.
func Transitions(checks int) int { return jobTransitions + CheckTransitions*checks }

const (
	jobTransitions = 3 // Submit, Submitted? and Store
	// CheckTransitions are the states of each check: Wait, Check and Completed?.
	CheckTransitions = 3
)

// The requests for the items of a job that is started by hand, submitted at once and stored at
// the first try. TestTakeup in test/suites/e2e compares them with the requests to MiniStack. A
// job that the API starts takes one more write, which marks it as started.
const (
	TableQueries = 2 + 2         // by Submit before and after it creates the job, and by Store before and after it copies
	jobPuts      = 2 + 1 + 1 + 1 // the job and its request; then the job when claimed, accepted, and stored
)

// TablePuts returns the writes of such a job with n checks, each of which records its polls.
func TablePuts(n int) int { return jobPuts + n }

// Video is the usage for one video.
type Video struct {
	Transitions   int
	Invocations   int
	GBSeconds     float64
	Writes, Reads int // to S3
	// To the table, in units.
	TableWrites, TableReads int
}

// USD returns the cost of the usage.
func (v Video) USD() float64 {
	return float64(v.Transitions)*Transition + float64(v.Invocations)*Invocation +
		v.GBSeconds*GBSecond + float64(v.Writes)*Write + float64(v.Reads)*Read +
		float64(v.TableWrites)*TableWrite + float64(v.TableReads)*TableRead
}
