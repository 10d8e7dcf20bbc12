package video

import (
	"time"

	"github.com/takeup/takeup/internal/video/report"
)

// Told returns the progress that a step has reported, as it was read with the entry.
func (e Entry) Told(step report.Step) report.Progress {
	for _, p := range e.Progress {
		if p.Step == step {
			return p
		}
	}
	return report.Progress{Step: step}
}

// Held returns what holds the job up other than its turn, and since when: no room below a
// limit or at the provider, a pause, or a submission that was not answered.
func (e Entry) Held() (report.WaitKind, time.Time) {
	switch {
	case e.Outcome != nil, e.Manifest != nil: // ended, or about to be continued
	case e.Phase != PhaseClaimed && e.Phase != PhaseAccepted && !e.FullSince.IsZero():
		return report.WaitCap, e.FullSince
	case e.Phase != PhaseClaimed && e.Phase != PhaseAccepted && !e.PausedSince.IsZero():
		return report.WaitResume, e.PausedSince
	case e.Phase == PhaseUnanswered:
		return report.WaitAnswer, e.ClaimedAt
	case e.Phase == PhaseRefused, e.Phase == PhaseClaimed && !e.BusySince.IsZero():
		return report.WaitRoom, e.BusySince
	}
	return "", time.Time{}
}
