package view

import (
	"strings"
	"time"

	"github.com/takeup/takeup/internal/video"
	"github.com/takeup/takeup/internal/video/report"
)

// Waiting says what a job that has not ended waits for.
type Waiting struct {
	For   report.WaitKind
	Since time.Time
	// NextAt is the time of the next try, and Until that of the last. Either is zero if it isn't
	// known, as in a list.
	NextAt, Until time.Time
	LastError     string // why the last try failed; empty if none did, and in a list
	// Paid says whether the job costs money so far. In a list it is empty for a job that is not
	// accepted yet.
	Paid    video.Paid
	Message string // the same as text for people, with times in UTC
}

// Estimable reports whether the usual time of a video is a fair estimate of the job's wait,
// because the job waits for nothing else.
func (w *Waiting) Estimable() bool {
	return w != nil && (w.For == report.WaitStart || w.For == report.WaitSubmission || w.For == report.WaitGeneration)
}

// WaitingOf returns what a job waits for, or nil if it has ended. The entry decides that. The
// steps' progress adds the times and the error if it is about the same wait.
func WaitingOf(entry video.Entry, paid video.Paid, now time.Time) *Waiting {
	if entry.State().Ended() {
		return nil
	}
	w := &Waiting{For: report.WaitStart, Since: entry.CreatedAt, Paid: paid}
	held, since := entry.Held()
	submitted := entry.Phase == video.PhaseAccepted || entry.Phase == video.PhaseClaimed && now.Before(entry.ClaimedUntil)
	submit := entry.Told(report.StepSubmit).Wait
	told := report.Wait{}
	switch {
	case entry.Outcome != nil: // another execution is about to resume it
	case entry.Phase == video.PhaseAccepted:
		w.For, w.Since = report.WaitGeneration, entry.SubmittedAt
		if told = latest(entry); told.Kind == report.WaitVideo {
			w.For, w.Since = told.Kind, doneAt(entry)
		}
	case held == report.WaitCap:
		w.For, w.Since = held, since
		if submit.Attempt == entry.Attempt {
			told = submit
		}
	case held == report.WaitResume:
		w.For, w.Since = held, since
	case held == report.WaitAnswer, entry.Phase == video.PhaseClaimed && !now.Before(entry.ClaimedUntil):
		w.For, w.Since = report.WaitAnswer, entry.ClaimedAt
		if submit.Attempt == entry.Attempt {
			told = submit
		}
	case entry.Phase == video.PhaseClaimed:
		w.For, w.Since = report.WaitSubmission, entry.ClaimedAt
	case held == report.WaitRoom:
		w.For, w.Since, w.NextAt = held, since, entry.RetryAt
		if submit.Attempt == entry.Attempt {
			told = submit
		}
		if entry.Refusal != nil {
			w.LastError = report.Shorten(entry.Refusal.Said)
		}
	}
	// For a job that waits below a cap, only the progress shows that the table is paused now.
	if submit.Kind == report.WaitResume && submit.Attempt == entry.Attempt && entry.Outcome == nil && !submitted {
		told, w.For = submit, report.WaitResume
	}
	if told.Kind == w.For {
		w.Until, w.LastError = told.Until, told.LastError
		if !told.NextAt.IsZero() {
			w.NextAt = told.NextAt
		}
	}
	if w.Since.IsZero() {
		w.Since = entry.CreatedAt
	}
	w.Message = w.message(entry, now)
	return w
}

// latest returns the last wait that a step reported for an accepted job. Reports of an earlier
// execution are out of date.
func latest(entry video.Entry) report.Wait {
	last := entry.Told(report.StepCheck).Wait
	if copying := entry.Told(report.StepStore).Wait; copying.At.After(last.At) {
		last = copying
	}
	for _, e := range entry.Told(report.StepSubmit).Events {
		if e.Kind == report.EventContinued && e.At.After(last.At) {
			return report.Wait{}
		}
	}
	return last
}

// doneAt is when a step last reported that the provider has the video.
func doneAt(entry video.Entry) time.Time {
	for _, e := range entry.Told(report.StepCheck).Events {
		if e.Kind == report.EventDone {
			return e.At
		}
	}
	return entry.SubmittedAt
}

func (w *Waiting) message(entry video.Entry, now time.Time) string {
	until := ""
	if !w.Until.IsZero() {
		until = " until " + clock(w.Until, now)
	}
	again := "it is tried again" + until
	if w.NextAt.After(now) {
		again = "the next try is at " + clock(w.NextAt, now)
		if until != "" {
			again += ", and the last by " + clock(w.Until, now)
		}
	}
	said := ""
	switch w.For {
	case report.WaitStart:
		if said = "Its execution is about to take it up."; w.Paid == "" {
			said = "It is not accepted by the provider yet."
		}
	case report.WaitSubmission:
		said = "It is being submitted to the provider at this moment."
	case report.WaitResume:
		said = "The stack is paused, and nothing is submitted until it is resumed; " + again + "."
	case report.WaitCap:
		said = "The stack's own cap leaves no room for it; " + again + "."
	case report.WaitRoom:
		said = "The provider has no room, or can't be reached; " + again + "."
	case report.WaitAnswer:
		said = "The provider did not answer; looking for the submission in its records" + until + "."
	case report.WaitGeneration:
		said = "The provider is generating the video."
	case report.WaitVideo:
		if said = "The provider has made the video, which is being copied into the bucket."; w.LastError != "" {
			said = "The provider has made the video, which could not be copied into the bucket yet; " + again + "."
		}
	}
	if !entry.DiscardedAt.IsZero() {
		said += " Its video was given up, and will not be stored."
	}
	return strings.TrimSpace(said + " " + moneyOf(w.Paid))
}

// moneyOf says whether a job costs money, as a sentence.
func moneyOf(paid video.Paid) string {
	switch paid {
	case video.PaidNo:
		return "Nothing was paid."
	case video.PaidYes:
		return "It is paid."
	case video.PaidPerhaps:
		return "It may have been charged."
	}
	return ""
}

// clock formats a time of day in UTC, with the date unless it is near.
func clock(at, now time.Time) string {
	at = at.UTC()
	if d := at.Sub(now); d > -12*time.Hour && d < 12*time.Hour {
		return at.Format("15:04 UTC")
	}
	return at.Format("15:04 UTC on 2 January")
}
