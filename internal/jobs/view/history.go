package view

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/takeup/takeup/internal/video"
	"github.com/takeup/takeup/internal/video/report"
)

// MaxHistory limits the events in a job's history.
const MaxHistory = 50

// HistoryEvent is an event of a job's history.
type HistoryEvent struct {
	At      time.Time
	Kind    report.EventKind
	Message string // for people
}

// historyOf returns the history of a job, oldest event first. It is made from the entry and from
// the steps' reports, of which some may be missing. The middle of a long history is omitted.
func historyOf(entry video.Entry) []HistoryEvent {
	events := []report.Event{{At: entry.CreatedAt, Kind: report.EventTaken, Said: string(entry.Origin.Trigger)}}
	add := func(e report.Event) {
		if !e.At.IsZero() && !slices.ContainsFunc(events, func(o report.Event) bool { return o.Kind == e.Kind && o.At.Equal(e.At) }) {
			events = append(events, e)
		}
	}
	submit, check := entry.Told(report.StepSubmit), entry.Told(report.StepCheck)
	add(report.Event{At: entry.ClaimedAt, Kind: report.EventClaimed, Number: entry.Attempt})
	if entry.Phase == video.PhaseAccepted && !submit.Has(report.EventAccepted, entry.Attempt) {
		add(report.Event{At: entry.SubmittedAt, Kind: report.EventAccepted, Said: entry.GenerationID})
	}
	for _, told := range []report.Progress{submit, check, entry.Told(report.StepStore), entry.Told(report.StepWebhook)} {
		for _, e := range told.Events {
			add(e)
		}
	}
	if m := entry.Manifest; m != nil {
		if len(check.Events) == 0 && m.Polls > 0 {
			add(report.Event{At: m.CompletedAt, Kind: report.EventPolled, Times: m.Polls})
		}
		add(report.Event{At: m.CompletedAt, Kind: report.EventDone})
		add(report.Event{At: m.StoredAt, Kind: report.EventStored})
	}
	add(report.Event{At: entry.DiscardedAt, Kind: report.EventDiscarded})
	if e := entry.Outcome; e != nil {
		add(report.Event{At: e.At, Kind: report.EventEnded, Said: e.Name + ": " + e.Message})
	}
	add(report.Event{At: entry.ForgottenAt, Kind: report.EventForgotten})
	slices.SortStableFunc(events, func(a, b report.Event) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(order(a.Kind), order(b.Kind)))
	})
	if more := len(events) - MaxHistory; more > 0 {
		events = slices.Delete(events, 1, 1+more)
	}
	history := make([]HistoryEvent, len(events))
	for i, e := range events {
		history[i] = HistoryEvent{At: e.At, Kind: e.Kind, Message: wordsOf(e)}
	}
	return history
}

// order orders events of the same time.
func order(kind report.EventKind) int { return slices.Index(report.EventKinds(), kind) }

// wordsOf describes an event to people.
func wordsOf(e report.Event) string {
	because := func(text string) string {
		if e.Said != "" {
			return text + ": " + e.Said
		}
		return text
	}
	times := func(text string) string {
		if e.Times > 1 {
			return fmt.Sprintf("%s %d times", text, e.Times)
		}
		return text
	}
	switch e.Kind {
	case report.EventTaken:
		return takenBy(video.Trigger(e.Said))
	case report.EventClaimed:
		return fmt.Sprintf("claimed for submission %d", e.Number)
	case report.EventRefused:
		return because(times("not accepted") + ", nothing was paid")
	case report.EventUnanswered:
		return fmt.Sprintf("submission %d was not answered; it may have been charged", e.Number)
	case report.EventSearched:
		return because(times("looked for the submission in the provider's records") + ", not found")
	case report.EventLost:
		return fmt.Sprintf("submission %d was given up as lost, and is sent again as the settings have it", e.Number)
	case report.EventAccepted:
		return "accepted as generation " + e.Said
	case report.EventPolled:
		return because(times("polled"))
	case report.EventDone:
		return "done: the provider has the video"
	case report.EventCopyFailed:
		return because(fmt.Sprintf("copy attempt %d failed", e.Number))
	case report.EventStored:
		return "stored in the bucket"
	case report.EventDiscarded:
		return "its video was given up"
	case report.EventEnded:
		return "ended with " + e.Said
	case report.EventContinued:
		return "taken up again by execution " + e.Said
	case report.EventWebhookFailed:
		return because(times("a webhook was not delivered, and is sent again"))
	case report.EventWebhookDelivered:
		if e.Number > 1 {
			return because(fmt.Sprintf("a webhook was delivered after %d attempts", e.Number))
		}
		return because("a webhook was delivered")
	case report.EventWebhookUndelivered:
		return because(fmt.Sprintf("a webhook was given up after %d attempts", e.Number))
	case report.EventForgotten:
		return "its prompt and all other texts were cleared"
	}
	return because(string(e.Kind))
}

func takenBy(trigger video.Trigger) string {
	switch trigger {
	case video.TriggerAPI:
		return "taken by the API"
	case video.TriggerFile:
		return "taken from a prompt file"
	case video.TriggerExecution:
		return "taken from an execution that was started by hand"
	}
	return "taken"
}
