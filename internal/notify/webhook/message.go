// Package webhook sends events as signed POSTs to URLs of the owners of jobs and batches, and to that
// of the stack. docs/webhooks.md describes them.
//
// The outbox puts a message for each delivery into a queue. A function tries each once, and puts
// those that failed into a second queue, with growing delays, so that a receiver that is slow or
// down holds up no other.
package webhook

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/takeup/takeup/internal/notify"
)

// Target says whose webhook a delivery is for.
type Target string

// The targets.
const (
	ToVideo Target = "video" // that of a job's request
	ToBatch Target = "batch" // that of a batch
	ToStack Target = "stack" // that of the stack
)

// Message is a delivery that waits in a queue. It has no URL.
type Message struct {
	ID      string          `json:"id"`   // of the event
	Type    string          `json:"type"` // of the webhook, as in video.completed
	To      Target          `json:"to"`
	Subject string          `json:"subject,omitempty"` // the id of the job or the batch
	Host    string          `json:"host,omitempty"`    // of the webhook; "" for that of the stack
	At      time.Time       `json:"at"`                // when it happened
	Detail  json.RawMessage `json:"detail"`

	// Attempts counts those that failed, and Since is the time of the first; zero if there was none.
	Attempts int       `json:"attempts,omitempty"`
	Since    time.Time `json:"since,omitzero"`
	// Due is when the next attempt is due, if that isn't at once.
	Due time.Time `json:"due,omitzero"`
	// Aside means that it waits in the queue of those that would hold up others.
	Aside bool `json:"aside,omitempty"`

	// Undelivered says why it was given up. A message that is moved back into a queue is tried for
	// another day.
	Undelivered *Undelivered `json:"undelivered,omitempty"`
}

// Undelivered is why a delivery was given up.
type Undelivered struct {
	Attempts int       `json:"attempts"`
	Since    time.Time `json:"since,omitzero"`
	Until    time.Time `json:"until"`
	Reason   string    `json:"reason"` // of the last attempt
}

// receiver returns the name by which the receiver's pace is remembered.
func (m Message) receiver() string {
	if m.To == ToStack {
		return string(ToStack)
	}
	return m.Host
}

// body returns what is posted: the envelope that Standard Webhooks recommends.
func (m Message) body() ([]byte, error) {
	return json.Marshal(struct {
		Type      string          `json:"type"`
		Timestamp time.Time       `json:"timestamp"`
		Data      json.RawMessage `json:"data"`
	}{m.Type, m.At.UTC(), m.Detail})
}

// messages returns the deliveries of an event: to the webhook that its owner gave, and to that of
// the stack.
func messages(e notify.Event, stack bool, now time.Time) []Message {
	m := Message{ID: e.ID, Type: typeOf(e.Type), At: now, Detail: e.Detail}
	var all []Message
	switch about := e.About.(type) {
	case *notify.Video:
		m.At, m.Subject, m.To = about.EndedAt, about.VideoID, ToVideo
	case *notify.Batch:
		m.At, m.Subject, m.To = about.EndedAt, about.BatchID, ToBatch
	case *notify.Cap:
		m.At = about.At
	case *notify.Attention:
		m.At = about.At
	}
	if e.Webhook != "" {
		own := m
		own.Host = e.Webhook
		all = append(all, own)
	}
	if stack {
		m.To = ToStack
		all = append(all, m)
	}
	return all
}

// typeOf returns the type of a webhook: a Video Completed is a video.completed.
func typeOf(t notify.Type) string {
	return strings.ReplaceAll(strings.ToLower(string(t)), " ", ".")
}
