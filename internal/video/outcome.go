package video

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/takeup/takeup/internal/budget"
)

// Paid says whether a job that ended without a video costs money.
type Paid string

// PaidPerhaps means that it isn't known.
const (
	PaidNo      Paid = "no"
	PaidYes     Paid = "yes"
	PaidPerhaps Paid = "perhaps"
)

// Outcome is how a job ended without a video, as the table stores it. A job with a stored
// video has none.
type Outcome struct {
	Name    string          `json:"name"` // the error's type, or the name of an error of Step Functions' own
	Message string          `json:"message"`
	Detail  json.RawMessage `json:"detail"` // the fields of the error
	At      time.Time       `json:"at"`
	// Redrive is the number of the redrive that ended with the outcome, as in
	// Entry.Redrives; 0 for the job's own execution.
	Redrive int `json:"redrive,omitempty"`
}

// outcome is implemented by the outcome errors of this package, and by no others.
type outcome interface {
	error
	// forget clears the texts that may quote the request.
	forget()
}

// table is the table of outcomes. It is made once, since a list of jobs reads it several
// times per job.
var table = sync.OnceValue(rows)

// Outcomes returns the table of outcomes, in the order of the docs.
func Outcomes() []OutcomeKind { return slices.Clone(table()) }

// row fills in the fields that follow from the error type.
func row[T any, P interface {
	*T
	outcome
}](k OutcomeKind) OutcomeKind {
	k.Name = OutcomeName(P(new(T)))
	if k.State == "" {
		k.State = StateFailed
	}
	if !k.Retried {
		k.empty = func() outcome { return P(new(T)) }
	}
	return k
}

// OutcomeOf returns the error that a Lambda handler returns for err: the outermost outcome
// in its chain, so that Lambda reports its name, or a *ServiceUnavailable if there is none.
// OutcomeOf(nil) is nil.
func OutcomeOf(err error) error {
	if err == nil {
		return nil
	}
	var named outcome
	if errors.As(err, &named) {
		return named
	}
	return &ServiceUnavailable{Doing: "a step", Err: err}
}

// OutcomeName returns the name of the error type of OutcomeOf(err), as Lambda reports it
// and the state machine matches it.
func OutcomeName(err error) string {
	return strings.TrimPrefix(fmt.Sprintf("%T", OutcomeOf(err)), "*video.")
}

// NewOutcome returns the record of an outcome.
func NewOutcome(err error, at time.Time) *Outcome {
	named := OutcomeOf(err)
	detail, jsonErr := json.Marshal(named)
	if jsonErr != nil {
		detail = nil // the name and the message are enough
	}
	return &Outcome{Name: OutcomeName(named), Message: named.Error(), Detail: detail, At: at}
}

// Err returns the error that was recorded. If its details can't be parsed, or none are
// stored, it is a *ServiceUnavailable with the name and the message.
func (o Outcome) Err() error {
	if kind := o.Kind(); kind.empty != nil {
		if recorded := kind.empty(); json.Unmarshal(o.Detail, recorded) == nil {
			return recorded
		}
	}
	return &ServiceUnavailable{Doing: "reading a recorded outcome", Err: errors.New(o.Name + ": " + o.Message)}
}

// Kind returns the outcome's row in the table. For a name that isn't in the table, such as
// one of Step Functions' own, it returns a row that advises a redrive.
func (o Outcome) Kind() OutcomeKind {
	kinds := table()
	if i := slices.IndexFunc(kinds, func(k OutcomeKind) bool { return k.Name == o.Name }); i >= 0 {
		return kinds[i]
	}
	return OutcomeKind{Name: o.Name, Paid: PaidPerhaps, State: StateFailed, Advice: "redrive", Attention: true}
}

// Final reports whether no redrive changes the outcome.
func (o Outcome) Final() bool { return o.Kind().Final }

// Chosen reports whether the job's owner chose the outcome.
func (o Outcome) Chosen() bool { return o.Kind().Chosen() }

// Paid says whether a job with the outcome costs money. An interruption says it for its own
// job.
func (o Outcome) Paid() Paid {
	var interrupted *Interrupted
	if errors.As(o.Err(), &interrupted) && interrupted.Paid != "" {
		return interrupted.Paid
	}
	return o.Kind().Paid
}

// outline returns the outcome without texts that may quote the request.
func (o Outcome) outline() Outcome {
	err := o.Err()
	if _, unread := err.(*ServiceUnavailable); unread { // the name and the message are all there is
		o.Message, o.Detail = o.Kind().Meaning, nil
		return o
	}
	if recorded, ok := err.(outcome); ok {
		recorded.forget()
	}
	cleared := NewOutcome(err, o.At)
	cleared.Redrive = o.Redrive
	return *cleared
}

// Over reports whether the job has ended without a video. An outcome from before the job's
// last redrive doesn't count: the redrive resumes from it.
func (e Entry) Over() bool { return e.Outcome != nil && e.Outcome.Redrive == e.Redrives }

// Store records that the job's video is stored, and books what it cost.
func (e *Entry) Store(m Manifest) {
	e.Manifest, e.Outcome = &m, nil
	e.Book(budget.Spent, m.ChargedMicros)
}

// End records that the job has ended without a video, in its current redrive, and books the
// money of its attempt accordingly.
func (e *Entry) End(err error, at time.Time) {
	e.Outcome = NewOutcome(err, at)
	e.Outcome.Redrive = e.Redrives
	if state := e.Outcome.Kind().Money; state != "" {
		var discarded *Discarded
		charged := int64(0)
		if errors.As(err, &discarded) {
			charged = discarded.Micros
		}
		e.Book(state, charged)
	}
}

// FieldError says what is wrong with one field of a request, and what it takes.
type FieldError struct {
	Field   string `json:"field"`
	Message string `json:"message"`
}

func said(words string) string {
	if words == "" {
		return ""
	}
	return " (the provider said: " + words + ")"
}
