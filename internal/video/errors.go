package video

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// This file names every outcome that a job can have. AWS Lambda reports the
// outermost Go type name of a handler's error as its error type, and the state
// machine matches on that name alone, so a handler returns OutcomeOf(err) and
// nothing else. Each message says what to do.

// FieldError says what is wrong with one field of a request, and what it takes.
type FieldError struct {
	Field   string `json:"field"`
	Message string `json:"message"`
}

// InvalidRequest ends a job whose request can't be sent as it is: our own
// validation or the provider's (400) refused it. Nothing was paid.
type InvalidRequest struct {
	Fields []FieldError
}

func (e *InvalidRequest) Error() string {
	said := make([]string, len(e.Fields))
	for i, f := range e.Fields {
		said[i] = f.Message
		if f.Field != "" {
			said[i] = f.Field + " " + f.Message
		}
	}
	return "the request was refused and nothing was paid; correct it and send it again: " + strings.Join(said, "; ")
}

// Unauthorized ends a job that was not submitted because the provider does not
// know the key, also after it was read again. Nothing was paid.
type Unauthorized struct {
	Said string // the provider's words
}

func (e *Unauthorized) Error() string {
	return "the provider does not accept the API key and nothing was paid; put a valid key into the ProviderKey secret, then redrive the job" + said(e.Said)
}

// OutOfCredits ends a job that was not submitted because the account has no
// credits left or the key's spend limit is reached. Nothing was paid.
type OutOfCredits struct {
	Said string // the provider's words
}

func (e *OutOfCredits) Error() string {
	return "the provider's account is out of credits and nothing was paid; top it up or raise the key's limit, then redrive the job" + said(e.Said)
}

// ProviderBusy ends a job that the provider would not take, or could not be
// reached for, until the hard deadline. Nothing was paid.
type ProviderBusy struct {
	Said string // the last refusal
}

func (e *ProviderBusy) Error() string {
	return "the provider took no submission until the deadline and nothing was paid; redrive the job to try again" + said(e.Said)
}

// CapReached ends a job for which there is no room below a limit of the stack's own
// for as long as a job waits. Nothing was submitted or paid.
type CapReached struct {
	Limit    string // day, month, owner or in_flight
	Held, Of int64  // micro-dollars, or jobs in flight
	Price    int64  // of the job, in micro-dollars; 0 for in_flight
}

func (e *CapReached) Error() string {
	room := (&NoRoom{Limit: e.Limit, Held: e.Held, Of: e.Of, Price: e.Price}).Error()
	advice := "raise the cap (takeup caps set --max-usd-per-" + e.Limit + ") or wait for the next " + e.Limit
	switch {
	case e.Limit == "in_flight":
		advice = "raise the cap (takeup caps set --max-in-flight), or wait until there are fewer"
	case e.Limit == "owner":
		advice = "raise the token's cap (takeup caps set --owner NAME --max-usd-per-day) or wait for the next day"
	}
	if e.Limit != "in_flight" && e.Price > e.Of {
		advice, _, _ = strings.Cut(advice, " or wait")
	}
	return "a cap of the stack has no room for it for as long as a job waits, and nothing was paid: " + room + "; " + advice + ", then redrive the job"
}

// SubmissionLost ends a job whose submission was never answered, and of which
// no trace could be found. It may have been charged.
type SubmissionLost struct {
	Reference   string   // what the submission was sent under
	Unread      string   // why the provider's records could not be read; empty: they were read whole
	Charges     []string // generations that were charged in its time and belong to nothing that is known
	MoreCharges int      // how many more there are, unnamed
}

func (e *SubmissionLost) Error() string {
	found := "the provider's records show nothing of it, so it was most likely not charged"
	switch {
	case e.Unread != "":
		found = "the provider's records could not be read (" + e.Unread + "), so it may have been charged"
	case len(e.Charges) > 0:
		found = "it may be one of these unexplained charges: " + strings.Join(e.Charges, ", ")
		if e.MoreCharges > 0 {
			found += fmt.Sprintf(" and %d more, which takeup reconcile lists", e.MoreCharges)
		}
	}
	return fmt.Sprintf("the submission %s was not answered; %s; redrive the job to look again, or send the request anew", e.Reference, found)
}

// GenerationFailed ends a job whose generation the provider ended without a
// video: moderation, a fault of its own. The provider does not charge for it.
type GenerationFailed struct {
	GenerationID string
	Said         string // the provider's words
}

func (e *GenerationFailed) Error() string {
	return fmt.Sprintf("the provider ended generation %s without a video, which it does not charge; change the prompt where its words ask for it, and send a new request%s", e.GenerationID, said(e.Said))
}

// GenerationOverdue ends the wait for a generation that has no end at the hard
// deadline. It will be charged if it completes after all.
type GenerationOverdue struct {
	GenerationID string
	Said         string // the last answer
}

func (e *GenerationOverdue) Error() string {
	return fmt.Sprintf("generation %s has not ended by the hard deadline and may still be charged; redrive the job to look again%s", e.GenerationID, said(e.Said))
}

// VideoUnavailable says that a paid video could not be fetched or stored this
// time. The state machine retries it for hours; when it ends a job, the video
// is paid, and a redrive goes on from there without paying again.
type VideoUnavailable struct {
	GenerationID string
	Err          error
}

func (e *VideoUnavailable) Error() string {
	return fmt.Sprintf("the video of generation %s could not be fetched and stored; it is paid, redrive the job to fetch it without paying again: %v", e.GenerationID, e.Err)
}

func (e *VideoUnavailable) Unwrap() error { return e.Err }

// VideoRejected ends a job whose file must not be stored: it isn't a video, is
// too large, or comes from an address that is forbidden.
type VideoRejected struct {
	GenerationID string
	Reason       string
}

func (e *VideoRejected) Error() string {
	return fmt.Sprintf("what the provider serves for generation %s was not stored: %s; ask the provider's support with the generation's id", e.GenerationID, e.Reason)
}

// Cancelled ends a job that its owner cancelled before the provider accepted it.
// Nothing was paid.
type Cancelled struct{}

func (e *Cancelled) Error() string {
	return "the job was cancelled before the provider accepted it and nothing was paid; send the request anew to have the video after all"
}

// Discarded ends a job whose owner gave its video up after the provider had
// accepted it. It is charged, and its video is not stored.
type Discarded struct {
	GenerationID string
	Micros       int64 // what the provider says it cost, in micro-dollars; 0 where it didn't say
}

func (e *Discarded) Error() string {
	return fmt.Sprintf("the video of generation %s was given up and is not stored; it is charged all the same; redrive the job to have it after all, while the provider keeps it", e.GenerationID)
}

// Interrupted ends a job whose execution ended without telling how: it was stopped,
// took too long, or failed with an error that no step has. No step gives it.
type Interrupted struct {
	Execution string // its name
	Said      string // Step Functions' words for it
	Paid      Paid   // as far as the job's submission had come
}

func (e *Interrupted) Error() string {
	paid := map[Paid]string{PaidNo: "nothing was submitted", PaidYes: "the video is paid"}[e.Paid]
	if paid == "" {
		paid = "it may have been charged"
	}
	return fmt.Sprintf("the execution %s ended before the job did (%s); %s, and a redrive of the job goes on without paying twice", e.Execution, e.Said, paid)
}

// ServiceUnavailable says that a service of AWS that a step needs (S3, Secrets
// Manager, Step Functions) did not do its part, and that the step decided
// nothing. The state machine retries it on every task, as it retries the
// platform's own failures.
type ServiceUnavailable struct {
	Doing string // what was tried
	Err   error
}

func (e *ServiceUnavailable) Error() string {
	return fmt.Sprintf("%s failed, and the step can be entered again; when it persists, see the AWS service's health and the function's permissions, then redrive the job: %v", e.Doing, e.Err)
}

func (e *ServiceUnavailable) Unwrap() error { return e.Err }

// outcome is what the errors of this file are, and no others.
type outcome interface {
	error
	outcome()
}

func (*InvalidRequest) outcome()     {}
func (*Unauthorized) outcome()       {}
func (*OutOfCredits) outcome()       {}
func (*ProviderBusy) outcome()       {}
func (*CapReached) outcome()         {}
func (*SubmissionLost) outcome()     {}
func (*GenerationFailed) outcome()   {}
func (*GenerationOverdue) outcome()  {}
func (*VideoUnavailable) outcome()   {}
func (*VideoRejected) outcome()      {}
func (*Cancelled) outcome()          {}
func (*Discarded) outcome()          {}
func (*Interrupted) outcome()        {}
func (*ServiceUnavailable) outcome() {}

// OutcomeOf gives the error that a Lambda handler returns for err: the first named
// outcome in its chain, outermost, so that Lambda reports that name; and
// ServiceUnavailable for everything that has no name. OutcomeOf(nil) is nil.
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

// OutcomeName is the name of the outcome that OutcomeOf(err) is: its Go type's name,
// as Lambda reports it and the state machine matches it.
func OutcomeName(err error) string {
	return strings.TrimPrefix(fmt.Sprintf("%T", OutcomeOf(err)), "*video.")
}

// NewOutcome makes the table's record of an outcome.
func NewOutcome(err error, at time.Time) *Outcome {
	outcome := OutcomeOf(err)
	detail, jsonErr := json.Marshal(outcome)
	if jsonErr != nil {
		detail = nil // the name and the message tell it
	}
	return &Outcome{Name: OutcomeName(outcome), Message: outcome.Error(), Detail: detail, At: at}
}

// Err gives the recorded outcome again, as the error it was.
func (r Outcome) Err() error {
	var recorded outcome
	switch r.Name {
	case "InvalidRequest":
		recorded = &InvalidRequest{}
	case "Unauthorized":
		recorded = &Unauthorized{}
	case "OutOfCredits":
		recorded = &OutOfCredits{}
	case "CapReached":
		recorded = &CapReached{}
	case "ProviderBusy":
		recorded = &ProviderBusy{}
	case "SubmissionLost":
		recorded = &SubmissionLost{}
	case "GenerationFailed":
		recorded = &GenerationFailed{}
	case "GenerationOverdue":
		recorded = &GenerationOverdue{}
	case "VideoRejected":
		recorded = &VideoRejected{}
	case "Cancelled":
		recorded = &Cancelled{}
	case "Discarded":
		recorded = &Discarded{}
	case "Interrupted":
		recorded = &Interrupted{}
	}
	if recorded == nil || json.Unmarshal(r.Detail, recorded) != nil {
		return &ServiceUnavailable{Doing: "reading a recorded outcome", Err: errors.New(r.Name + ": " + r.Message)}
	}
	return recorded
}

// Final reports whether the outcome stays whatever a redrive does: the provider
// refused the request itself, or ended the generation; or the job was cancelled.
func (r Outcome) Final() bool {
	switch r.Name {
	case OutcomeName(&InvalidRequest{}), OutcomeName(&GenerationFailed{}), OutcomeName(&Cancelled{}):
		return true
	}
	return false
}

// Chosen reports whether the job's owner ended it. It is redriven only where that
// is asked of this job by its id.
func (r Outcome) Chosen() bool {
	return r.Name == OutcomeName(&Cancelled{}) || r.Name == OutcomeName(&Discarded{})
}

func said(words string) string {
	if words == "" {
		return ""
	}
	return " (the provider said: " + words + ")"
}
