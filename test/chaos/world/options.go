package world

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"

	"github.com/takeup/takeup/test/chaos/provider"
)

// Options configure a run.
type Options struct {
	// Root is the repository's root, and StateDir the directory of the stack's files.
	Root, StateDir string
	Jobs           int
	Seed           uint64
	// Faults is the fraction of calls that fail, 0 to 0.9, among the first of each kind for each
	// job.
	Faults float64
	// InFlight is the maximum number of concurrent executions. MiniStack runs a process for each
	// invocation, and a machine with two cores can handle some 100.
	InFlight int
	// LogsAnswer keeps the provider's logs and transactions from failing. Then a submission that
	// was accepted is always found.
	LogsAnswer bool
	// Caps sets caps so low that most jobs reach them, and has the operator raise the day's cap
	// while jobs wait for it. Some generations are charged three times their price.
	Caps bool
	// Slots is the maximum number of attempts in flight in a run without Caps, which measures the
	// line for them. 0 is no cap.
	Slots int
	// FirstDownload names the fault of every job's first download, one of downloadFaults, so that
	// a test that needs it doesn't depend on luck. If it is empty, the plan decides, as for all
	// other downloads.
	FirstDownload string
	Times         Times
	// Output gets the stack's stages, the tables and the last line.
	Output io.Writer
}

// Times are the times of a run in real time. Template parameters that only become waits of the
// state machine are longer, by 1/Scale.
type Times struct {
	// Scale is MiniStack's SFN_WAIT_SCALE.
	Scale float64
	// Job is roughly how long a generation takes. A late one takes Late longer than Soft.
	Job, Late time.Duration
	// Soft and Hard are the deadlines. Window is how long a submission is looked up: longer than
	// the longest generation.
	Soft, Hard, Window time.Duration
	// The functions' timeouts. Submit's must leave room for a call and its record, and Store's
	// for aborting an upload. Both keep 10 s for that. A check keeps 15 s, and makes a single
	// request if it has no more.
	SubmitTimeout, CheckTimeout, StoreTimeout time.Duration
	// Sweep is the pause between two sweeps. SettleTimeout must leave a sweep more than the 10 s
	// that it keeps for its end.
	Sweep, SettleTimeout time.Duration
}

// ClaimTime is how long a claim lasts: SubmitCallSeconds, at its minimum, and the time that
// Submit keeps to record the call.
const (
	callSeconds = 5
	ClaimTime   = (callSeconds + 10) * time.Second
)

// DefaultTimes returns the times of make chaos.
func DefaultTimes() Times {
	return Times{
		Scale: 0.2, Job: 2 * time.Second, Late: 4 * time.Second,
		Soft: 15 * time.Second, Hard: 100 * time.Second, Window: 20 * time.Second,
		SubmitTimeout: 25 * time.Second, CheckTimeout: 20 * time.Second, StoreTimeout: 30 * time.Second,
		Sweep: 5 * time.Second, SettleTimeout: 60 * time.Second,
	}
}

// ShortTimes returns the times of the run that is part of the tests.
func ShortTimes() Times {
	return Times{
		Scale: 0.2, Job: time.Second, Late: 2 * time.Second,
		Soft: 7 * time.Second, Hard: 30 * time.Second, Window: 9 * time.Second,
		SubmitTimeout: 18 * time.Second, CheckTimeout: 6 * time.Second, StoreTimeout: 16 * time.Second,
		Sweep: 3 * time.Second, SettleTimeout: 40 * time.Second,
	}
}

// Check returns an error for invalid options.
func (o Options) Check() error {
	var errs []error
	if o.Jobs < 1 || o.Jobs > 10000 {
		errs = append(errs, fmt.Errorf("jobs is %d: give 1 to 10000", o.Jobs))
	}
	if !(o.Faults >= 0 && o.Faults <= 0.9) {
		errs = append(errs, fmt.Errorf("faults is %v: give a share from 0 to 0.9", o.Faults))
	}
	if o.InFlight < 1 || o.InFlight > 150 {
		errs = append(errs, fmt.Errorf("the number of executions in flight is %d: give 1 to 150", o.InFlight))
	}
	if o.Slots < 0 || o.Slots > 10000 {
		errs = append(errs, fmt.Errorf("slots is %d: give 0 to 10000", o.Slots))
	}
	if o.FirstDownload != "" && !provider.HasDownloadFault(o.FirstDownload) {
		errs = append(errs, fmt.Errorf("no fault of downloads is named %q", o.FirstDownload))
	}
	return errors.Join(errs...)
}

// Parameters returns the template's parameters.
func (t Times) Parameters(c *Caps) map[string]string {
	day, slots := int64(0), int64(0)
	if c != nil {
		day, slots = c.Step, c.Slots
	}
	seconds := func(d time.Duration) string { return strconv.Itoa(int(d.Seconds())) }
	wait := strconv.Itoa(max(1, int(1/t.Scale))) // one second of real time
	return map[string]string{
		"FirstWaitSeconds": wait, "CheckIntervalSeconds": wait,
		"RequestGapSeconds": "1", "PollWindowSeconds": "5", // in real time, within a check
		"BusyWaitSeconds": wait, "LookupFirstSeconds": wait,
		"SubmitCallSeconds":   strconv.Itoa(callSeconds),
		"LookupWindowSeconds": seconds(t.Window),
		"SoftDeadlineSeconds": seconds(t.Soft), "HardDeadlineSeconds": seconds(t.Hard),
		"MaxUsdPerDay": strconv.FormatInt(day, 10), "MaxInFlight": strconv.FormatInt(slots, 10),
		// Many senders work concurrently.
		"ApiRequestsPerSecond": "1000", "ApiBurst": "1000",
	}
}

// Limit bounds the time in which this number of jobs must have ended: the deadlines of the last
// one, with the functions' timeouts and the retries in between, after all earlier ones at a pace
// that two cores can keep up with.
func (o Options) Limit(jobs int) time.Duration {
	one := 2*(o.Times.Hard+o.Times.Window) + 4*o.Times.StoreTimeout + 3*o.Times.SubmitTimeout
	pace := time.Second
	if o.Caps || o.Slots > 0 {
		pace *= 4
	}
	return one + time.Duration(jobs)*pace
}

// Triggers returns the ways in of the jobs. A batch has stages and a limit of its own, so a line
// that is measured has none.
func (o Options) Triggers() []string {
	if o.Slots == 0 {
		return Triggers
	}
	return slices.DeleteFunc(slices.Clone(Triggers), func(trigger string) bool { return trigger == ByBatch })
}
