// Package report has what the steps report about their work on a job, for people to read: what
// the job waits for, and what has happened to it.
package report

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Step is a step of the state machine that reports its progress.
type Step string

// The steps.
const (
	StepSubmit Step = "submit"
	StepCheck  Step = "check"
	StepStore  Step = "store"
	// StepWebhook isn't a step of the state machine. It tells how the job ended.
	StepWebhook Step = "webhook"
)

// Steps returns the steps.
func Steps() []Step { return []Step{StepSubmit, StepCheck, StepStore, StepWebhook} }

// Progress is what one step has reported about its work on a job, for people to read. It
// has no version, and may be lost or out of date: no decision is based on it.
type Progress struct {
	Step   Step
	Wait   Wait    // what the step left the job waiting for; zero: nothing
	Events []Event // the oldest first
}

// WaitKind is what a job waits for.
type WaitKind string

// A job waits for a start until a step has claimed it, and for a video from when the
// provider has it until the bucket has it.
const (
	WaitStart      WaitKind = "start"      // its execution is about to submit it
	WaitSubmission WaitKind = "submission" // it is being submitted right now
	WaitResume     WaitKind = "resume"     // the table is paused, and nothing is submitted
	WaitCap        WaitKind = "cap"        // a limit of the stack leaves no room
	WaitRoom       WaitKind = "room"       // the provider has none, or can't be reached
	WaitAnswer     WaitKind = "answer"     // a submission was not answered, and is being looked up
	WaitGeneration WaitKind = "generation" // the provider is generating
	WaitVideo      WaitKind = "video"      // the finished video is being copied, or will be again
)

// WaitKinds returns all kinds.
func WaitKinds() []WaitKind {
	return []WaitKind{WaitStart, WaitSubmission, WaitResume, WaitCap, WaitRoom, WaitAnswer, WaitGeneration, WaitVideo}
}

// Wait describes a wait, as reported by the step that left the job waiting.
type Wait struct {
	Kind      WaitKind
	At        time.Time // when it was reported
	Attempt   int       // of the submission; 0 once it was accepted
	NextAt    time.Time // of the next try; zero: not known
	Until     time.Time // when the job stops waiting; zero: not known
	LastError string    // why the last try failed; empty: none did
}

// EventKind is a kind of event.
type EventKind string

// The events, in the order of a job's life.
const (
	EventTaken      EventKind = "taken"
	EventClaimed    EventKind = "claimed"    // a submission was begun
	EventRefused    EventKind = "refused"    // certainly not accepted
	EventUnanswered EventKind = "unanswered" // perhaps accepted
	EventSearched   EventKind = "searched"   // the provider's records were searched in vain
	EventLost       EventKind = "lost"       // declared lost, and submitted again as the settings say
	EventAccepted   EventKind = "accepted"
	EventPolled     EventKind = "polled"
	EventDone       EventKind = "done" // the provider has the video
	EventCopyFailed EventKind = "copy_failed"
	EventStored     EventKind = "stored"
	EventDiscarded  EventKind = "discarded" // its owner discarded its video
	EventEnded      EventKind = "ended"     // without a video
	EventContinued  EventKind = "continued" // by another execution
	EventForgotten  EventKind = "forgotten" // its texts were cleared
	// Of its webhooks.
	EventWebhookFailed      EventKind = "webhook_failed"      // an attempt failed, and another follows
	EventWebhookDelivered   EventKind = "webhook_delivered"   // after a number of attempts
	EventWebhookUndelivered EventKind = "webhook_undelivered" // given up
)

// EventKinds returns all kinds.
func EventKinds() []EventKind {
	return []EventKind{
		EventTaken, EventClaimed, EventRefused, EventUnanswered, EventSearched, EventLost, EventAccepted,
		EventPolled, EventDone, EventCopyFailed, EventStored, EventDiscarded, EventEnded, EventContinued, EventForgotten,
		EventWebhookFailed, EventWebhookDelivered, EventWebhookUndelivered,
	}
}

// Event is something that happened to a job. Equal events in a row may be merged into one,
// with the time and the text of the last.
type Event struct {
	At     time.Time
	Kind   EventKind
	Number int    // of the attempt, the copy or the redrive; or how many attempts there were
	Times  int    // how often it happened; 0 means once
	Said   string // why, or the generation's id, or the outcome's name and message
}

const (
	// maxEvents is the most events of a job that one step keeps. The oldest are dropped.
	maxEvents = 25
	// maxSaid is the length limit of an event's text, in bytes.
	maxSaid = 200
)

// Add adds an event. A repeated event is merged with the one before.
func (p *Progress) Add(e Event) {
	e.Said = Shorten(e.Said)
	if last := len(p.Events) - 1; last >= 0 && e.repeats(p.Events[last]) {
		e.Times = max(1, p.Events[last].Times) + 1
		p.Events = p.Events[:last]
	}
	p.Events = append(slices.Clone(p.Events[max(0, len(p.Events)+1-maxEvents):]), e)
}

func (e Event) repeats(before Event) bool {
	return e.Kind == before.Kind && (e.Kind == EventRefused || e.Kind == EventSearched || e.Kind == EventWebhookFailed)
}

// Has reports whether there is an event with that kind and number.
func (p Progress) Has(kind EventKind, number int) bool {
	return slices.ContainsFunc(p.Events, func(e Event) bool { return e.Kind == kind && e.Number == number })
}

// Shorten cuts a text to the length limit of an event's text.
func Shorten(said string) string {
	if len(said) <= maxSaid {
		return said
	}
	end := maxSaid
	for !utf8.RuneStart(said[end]) {
		end--
	}
	return said[:end] + "…"
}

// Outline returns the progress without texts that may quote the request.
func (p Progress) Outline() Progress {
	p.Wait.LastError = ""
	p.Events = slices.Clone(p.Events)
	for i, e := range p.Events {
		switch e.Kind {
		case EventAccepted, EventContinued: // an id
		case EventEnded:
			p.Events[i].Said, _, _ = strings.Cut(e.Said, ":")
		default:
			p.Events[i].Said = ""
		}
	}
	return p
}
