package video

import "github.com/takeup/takeup/internal/video/report"

// BatchCancelled says that a job's batch was cancelled. Nothing was written.
type BatchCancelled struct{ Batch string }

func (e *BatchCancelled) Error() string { return "batch " + e.Batch + " was cancelled" }

// Counted returns the names of the batch's counters that include the job, besides those of
// money: its state, and the limit that it waits for. It is nil for a job of no batch.
func (e Entry) Counted() []string {
	if e.Origin.Batch == "" {
		return nil
	}
	names := []string{CountedState(e.State())}
	if wait, _ := e.Held(); wait == report.WaitCap && e.FullOf != "" {
		names = append(names, CountedLimit(e.FullOf))
	}
	return names
}

// CountedState returns the name of the counter of a batch's jobs in a state.
func CountedState(s State) string { return "jobs_" + string(s) }

// CountedLimit returns the name of the counter of a batch's jobs that wait for a limit of
// package budget.
func CountedLimit(limit string) string { return "full_" + limit }
