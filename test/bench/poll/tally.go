package poll

import (
	"slices"
	"time"

	"github.com/takeup/takeup/internal/schedule"
	"github.com/takeup/takeup/internal/schedule/cost"
)

// The cost of the steps around the checks, which all policies share: how long Submit and Store
// run, and that the video is stored in S3 by one request.
const (
	submitSeconds = 1
	storeSeconds  = 2

	jobWrites = 2 // Store's: video and manifest
	jobReads  = 1 // Store's: the manifest
	// A job's item is in two indexes: a change of its status is one write to the table, one to
	// the first index and two to the second. The job is created with its request in a
	// transaction, marked as started, claimed in a transaction with the control and the counters
	// of its month and of its owner's day, changed when it is accepted, and changed when it is
	// stored, with the counters. In addition, each check records its polls.
	jobTableWrites = (2*2 + 2) + 1 + 4*2 + 4 + (2 + 3 + 2*2)
	// The job is read by the step that starts it, by Submit, and twice by Store. The starter and
	// the claim read the control. Submit reads the price list, of up to 8 KB, the charges, and
	// what is in flight from the month before.
	jobTableReads = 2 + 1 + 2 + (1 + 2 + 1 + 1)
)

// tally sums what a policy did for the jobs of a row.
type tally struct {
	// learns says that the forecast's data is read by Submit and each check, and changed at the
	// end.
	learns bool
	// asksMetrics says that the provider's metrics are requested as often as the forecast's data
	// is read, which is the case while there is little of it.
	asksMetrics bool
	memory      Memory

	lags     []time.Duration
	total    cost.Video
	requests int
	underWay time.Duration // from the submission until the video is noticed
	held     time.Duration // of that, the time that a check's Lambda ran
	lag      time.Duration
}

// add polls a generation as planned until it has ended and returns what was seen.
func (t *tally) add(p plan, took time.Duration) schedule.Seen {
	var seen schedule.Seen
	var began, held time.Duration // of the check
	var last look
	requests := 0
	for l := range p {
		if requests == 0 || l.check != last.check {
			held += last.at - began + min(last.at, requestTime)
			began = l.at
		}
		requests++
		last = l
		if l.at >= took {
			break
		}
		seen.After = l.at
	}
	seen.By = last.at
	held += last.at - began + requestTime

	checks := last.check + 1
	noticed := last.at + requestTime
	video := cost.Video{
		Transitions: cost.Transitions(checks),
		Invocations: checks + 2,
		GBSeconds:   held.Seconds()*t.memory.Check + submitSeconds*t.memory.Submit + storeSeconds*t.memory.Store,
		Writes:      jobWrites, Reads: jobReads,
		TableWrites: jobTableWrites + checks, TableReads: jobTableReads,
	}
	if t.learns {
		video.TableReads += 1 + checks + 1
		video.TableWrites++
	}
	if t.asksMetrics {
		requests += 1 + checks
	}
	t.total.Transitions += video.Transitions
	t.total.Invocations += video.Invocations
	t.total.GBSeconds += video.GBSeconds
	t.total.Writes += video.Writes
	t.total.Reads += video.Reads
	t.total.TableWrites += video.TableWrites
	t.total.TableReads += video.TableReads
	t.requests += requests
	t.lags = append(t.lags, noticed-took)
	t.lag += noticed - took
	t.underWay += noticed
	t.held += held
	return seen
}

// result is a tally per job.
type result struct {
	lag, lag95                       float64 // seconds
	requests, transitions, gbSeconds float64
	held                             float64 // concurrent Lambdas per 100 jobs in flight
	usd, measure                     float64
}

func (t *tally) result() result {
	slices.Sort(t.lags)
	n := float64(len(t.lags))
	r := result{
		lag:         t.lag.Seconds() / n,
		lag95:       t.lags[len(t.lags)*95/100].Seconds(),
		requests:    float64(t.requests) / n,
		transitions: float64(t.total.Transitions) / n,
		gbSeconds:   t.total.GBSeconds / n,
		held:        100 * t.held.Seconds() / t.underWay.Seconds(),
		usd:         t.total.USD() / n,
	}
	r.measure = r.usd + schedule.LagUSD*r.lag
	return r
}
