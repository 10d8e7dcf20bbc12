package video

import (
	"errors"
	"fmt"
	"strings"

	"github.com/takeup/takeup/internal/budget"
)

// This file is the table of the outcomes of a job that ends without a video, followed by
// the error type of each. A new outcome is added here and, if a step returns it, to the
// retriers of the state machine. The messages of the errors, the tables of the docs, the
// words of the page and the command line, and what reconciling says of a charge all come
// from this file.
//
// AWS Lambda reports the name of a handler's error type as the name of the error, and the
// state machine matches that name. So a handler returns OutcomeOf(err) and nothing else.

// OutcomeKind is one row of the table: what the name of an outcome says. The message of a
// particular outcome says more.
type OutcomeKind struct {
	Name    string // of the error type
	Title   string // the heading on the page
	Meaning string // one line, for the docs
	Advice  string // what to do
	Paid    Paid
	// State is the state of a job with the outcome. Unless it is StateFailed, the job's
	// owner chose the outcome, and only a redrive that names the job by its id resumes it.
	State State
	// Final says that no redrive changes the outcome.
	Final bool
	// Money is the new state of the money of the job's attempt. Empty: it doesn't change.
	Money budget.State
	// Retried says that the state machine retries the step for hours before the outcome
	// ends a job.
	Retried bool
	// Settled says that no step returns the outcome. It is found after the execution has
	// ended.
	Settled bool
	// Attention says that a person has to do something about it, other than whoever asked for
	// the video. See NeedsAttention.
	Attention bool
	// Halts says that other jobs end like this too, until somebody does something.
	Halts bool
	// Charged is what to do about a charge of such a job. JOB stands for its id. Empty: a
	// redrive fetches the video.
	Charged string
	// Alone is what to do if the stack has ended with the job, as that of "make run" does.
	// Empty: the message fits.
	Alone string

	empty func() outcome // returns a value to decode a stored detail into; nil: none is stored
}

// Chosen reports whether the job's owner chose the outcome.
func (k OutcomeKind) Chosen() bool { return k.State != StateFailed }

// NeedsAttention reports whether a job that ended so needs a person. If the outcome alone doesn't
// say whether the job is paid, one that is known to be unpaid doesn't.
func (k OutcomeKind) NeedsAttention(paid Paid) bool {
	return k.Attention && (paid != PaidNo || k.Paid == PaidNo)
}

// rows makes the table, in the order of the docs.
func rows() []OutcomeKind {
	return []OutcomeKind{
		row[InvalidRequest](OutcomeKind{
			Title: "The request was refused", Meaning: "Takeup or the provider refused the request",
			Paid: PaidNo, Money: budget.Failed, Final: true,
			Advice: "correct the request",
		}),
		row[Unauthorized](OutcomeKind{
			Title: "The provider doesn't take the key", Meaning: "the provider doesn't accept the API key",
			Paid: PaidNo, Money: budget.Failed, Attention: true, Halts: true,
			Advice: "put a valid key into the secret (output `ChangeProviderKey`), then redrive",
			Alone:  "set AIMLAPI_KEY to a valid key, and run it again",
		}),
		row[OutOfCredits](OutcomeKind{
			Title: "The account is out of credits", Meaning: "the account is empty, or the key's spend limit is reached",
			Paid: PaidNo, Money: budget.Failed, Attention: true, Halts: true,
			Advice: "top up, then redrive",
			Alone:  "top the account up, and run it again",
		}),
		row[ProviderBusy](OutcomeKind{
			Title: "The provider had no room", Meaning: "the provider had no room, or could not be reached, for a whole day",
			Paid: PaidNo, Money: budget.Failed, Attention: true,
			Advice: "redrive",
			Alone:  "run it again later",
		}),
		row[CapReached](OutcomeKind{
			Title: "The cap left no room", Meaning: "a cap of the stack on money or jobs left no room for as long as a job waits",
			Paid: PaidNo, Attention: true,
			Advice: "raise the cap, or wait until it resets; then redrive",
			Alone:  "run it again",
		}),
		row[SubmissionLost](OutcomeKind{
			Title: "The submission was lost", Meaning: "the submission was not answered, and no trace of it was found",
			Paid: PaidPerhaps, Money: budget.Uncertain, Attention: true,
			Advice: "read its message; a redrive looks again",
			Alone:  "look into the provider's account before you run it again: it may be paid",
		}),
		row[GenerationFailed](OutcomeKind{
			Title: "The provider made no video", Meaning: "the provider ended the generation without a video: moderation, or a failure of its own",
			Paid: PaidNo, Money: budget.Failed, Final: true,
			Advice:  "read the provider's message, then send a new request",
			Charged: "ask the provider's support: it does not charge a failed generation",
		}),
		row[GenerationOverdue](OutcomeKind{
			Title: "It took too long", Meaning: "the generation was not done after a day",
			Paid: PaidPerhaps, Money: budget.Uncertain, Attention: true,
			Advice: "a redrive looks again",
			Alone:  "ask the provider before you run it again: it may be paid",
		}),
		row[VideoUnavailable](OutcomeKind{
			Title: "The video couldn't be fetched", Meaning: "the video is done, but could not be fetched in hours of trying",
			Paid: PaidYes, Money: budget.Uncertain, Retried: true, Attention: true,
			Advice: "a redrive fetches it without paying again",
			Alone:  "ask the provider for it: it is paid",
		}),
		row[VideoRejected](OutcomeKind{
			Title: "What came is no video", Meaning: "what the provider serves is not a whole mp4, too large, or at a forbidden address",
			Paid: PaidPerhaps, Money: budget.Spent, Attention: true,
			Advice:  "ask the provider, with the generation's id",
			Charged: "takeup get JOB says why; where a limit of ours was in the way, raise it and takeup redrive JOB; otherwise ask the provider's support with the generation's id",
		}),
		row[VideoGone](OutcomeKind{
			Title: "The video was removed", Meaning: "the video was stored, and was taken out of the bucket since",
			Paid: PaidYes, Settled: true, Attention: true,
			Advice: "a redrive fetches it again while the provider keeps it",
		}),
		row[Cancelled](OutcomeKind{
			Title: "Cancelled", Meaning: "the job's owner cancelled it before the provider accepted it",
			Paid: PaidNo, Money: budget.Released, State: StateCancelled, Final: true,
			Advice: "nothing, or send a new request",
		}),
		row[Discarded](OutcomeKind{
			Title: "Discarded", Meaning: "the job's owner discarded its video after the provider had accepted it",
			Paid: PaidYes, Money: budget.Spent, State: StateDiscarded,
			Advice: "nothing; a redrive fetches the video after all, while the provider keeps it",
		}),
		row[Interrupted](OutcomeKind{
			Title: "It was interrupted", Meaning: "the job's execution was stopped, or failed with an error that no step gives",
			Paid: PaidPerhaps, Money: budget.Uncertain, Settled: true, Attention: true,
			Advice: "read its message; a redrive resumes the job",
		}),
		row[ServiceUnavailable](OutcomeKind{
			Title: "AWS didn't do its part", Meaning: "S3, DynamoDB, Secrets Manager or Step Functions did not answer for long, or a permission is missing",
			Paid: PaidPerhaps, Money: budget.Uncertain, Retried: true, Attention: true,
			Advice: "fix the cause, then redrive",
			Alone:  "run it again",
		}),
	}
}

// InvalidRequest ends a job whose request can't be sent as it is: Takeup's own validation
// or the provider (400) refused it. Nothing was paid.
type InvalidRequest struct {
	Fields []FieldError `json:"fields"`
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

func (e *InvalidRequest) forget() {
	e.Fields = []FieldError{{Message: "what was wrong was " + forgotten}}
}

// Unauthorized ends a job that was not submitted because the provider doesn't accept the
// key, even after the key was read again. Nothing was paid.
type Unauthorized struct {
	Said string `json:"said"` // the provider's message
}

func (e *Unauthorized) Error() string {
	return "the provider does not accept the API key and nothing was paid; put a valid key into the ProviderKey secret, then redrive the job" + said(e.Said)
}

func (e *Unauthorized) forget() { e.Said = "" }

// OutOfCredits ends a job that was not submitted because the account has no
// credits left or the key's spend limit is reached. Nothing was paid.
type OutOfCredits struct {
	Said string `json:"said"` // the provider's message
}

func (e *OutOfCredits) Error() string {
	return "the provider's account is out of credits and nothing was paid; top it up or raise the key's limit, then redrive the job" + said(e.Said)
}

func (e *OutOfCredits) forget() { e.Said = "" }

// ProviderBusy ends a job that the provider had no room for, or could not be reached for,
// until the hard deadline. Nothing was paid.
type ProviderBusy struct {
	Said string `json:"said"` // the last refusal
}

func (e *ProviderBusy) Error() string {
	return "the provider took no submission until the deadline and nothing was paid; redrive the job to try again" + said(e.Said)
}

func (e *ProviderBusy) forget() { e.Said = "" }

// CapReached ends a job that found no room below a limit of the stack for as long as a job
// waits. Nothing was submitted or paid.
type CapReached struct {
	Limit string `json:"limit"` // day, month, owner or in_flight
	Held  int64  `json:"held"`  // micro-dollars, or jobs in flight
	Of    int64  `json:"of"`    // the limit, in the same unit
	Price int64  `json:"price"` // of the job, in micro-dollars; 0 for in_flight
}

func (e *CapReached) Error() string {
	room := (&budget.NoRoom{Limit: e.Limit, Held: e.Held, Of: e.Of, Price: e.Price}).Error()
	command := " (" + budget.Command(e.Limit, "") + ")"
	advice := "raise the cap" + command + " or wait for the next " + e.Limit
	switch {
	case e.Limit == budget.LimitInFlight:
		advice = "raise the cap" + command + ", or wait until there are fewer"
	case e.Limit == budget.LimitOwner:
		advice = "raise the token's cap" + command + " or wait for the next day"
	}
	if e.Limit != budget.LimitInFlight && e.Price > e.Of {
		advice, _, _ = strings.Cut(advice, " or wait")
	}
	return "a cap of the stack has no room for it for as long as a job waits, and nothing was paid: " + room + "; " + advice + ", then redrive the job"
}

func (e *CapReached) forget() {}

// SubmissionLost ends a job whose submission was never answered and left no trace. It may
// have been charged.
type SubmissionLost struct {
	Reference   string   `json:"reference"`    // the reference that the submission was sent with
	Unread      string   `json:"unread"`       // why the provider's records could not be read; empty: all were read
	Charges     []string `json:"charges"`      // generations charged in that time that belong to no known job
	MoreCharges int      `json:"more_charges"` // how many more there are
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

func (e *SubmissionLost) forget() {
	if e.Unread != "" {
		e.Unread = "the reason was " + forgotten
	}
}

// GenerationFailed ends a job whose generation the provider ended without a video: by
// moderation, or by a failure of its own. The provider does not charge for it.
type GenerationFailed struct {
	GenerationID string `json:"generation_id"`
	Said         string `json:"said"` // the provider's message
}

func (e *GenerationFailed) Error() string {
	return fmt.Sprintf("the provider ended generation %s without a video, which it does not charge; change the prompt where its words ask for it, and send a new request%s", e.GenerationID, said(e.Said))
}

func (e *GenerationFailed) forget() { e.Said = "" }

// GenerationOverdue ends the wait for a generation that is not done at the hard deadline.
// It will be charged if it completes after all.
type GenerationOverdue struct {
	GenerationID string `json:"generation_id"`
	Said         string `json:"said"` // the last answer
}

func (e *GenerationOverdue) Error() string {
	return fmt.Sprintf("generation %s has not ended by the hard deadline and may still be charged; redrive the job to look again%s", e.GenerationID, said(e.Said))
}

func (e *GenerationOverdue) forget() { e.Said = "" }

// VideoUnavailable says that a paid video could not be fetched or stored this time. The
// state machine retries it for hours. If it ends a job, the video is paid for, and a
// redrive resumes from there without paying again.
type VideoUnavailable struct {
	GenerationID string `json:"generation_id"`
	Err          error  `json:"-"`
}

func (e *VideoUnavailable) Error() string {
	return fmt.Sprintf("the video of generation %s could not be fetched and stored; it is paid, redrive the job to fetch it without paying again: %v", e.GenerationID, e.Err)
}

func (e *VideoUnavailable) Unwrap() error { return e.Err }

func (e *VideoUnavailable) forget() {}

// VideoRejected ends a job whose file must not be stored: it isn't a video, is too large,
// or comes from a forbidden address.
type VideoRejected struct {
	GenerationID string `json:"generation_id"`
	Reason       string `json:"reason"`
}

func (e *VideoRejected) Error() string {
	return fmt.Sprintf("what the provider serves for generation %s was not stored: %s; ask the provider's support with the generation's id", e.GenerationID, e.Reason)
}

func (e *VideoRejected) forget() { e.Reason = "the reason was " + forgotten }

// VideoGone is the outcome of a job whose video was stored, and is no longer in the bucket.
type VideoGone struct{}

func (e *VideoGone) Error() string {
	return "the video was stored, and was taken out of the bucket since; redrive the job to fetch it again while the provider keeps it"
}

func (e *VideoGone) forget() {}

// Cancelled ends a job that its owner cancelled before the provider accepted it.
// Nothing was paid.
type Cancelled struct{}

func (e *Cancelled) Error() string {
	return "the job was cancelled before the provider accepted it and nothing was paid; send the request anew to have the video after all"
}

func (e *Cancelled) forget() {}

// Discarded ends a job whose owner discarded its video after the provider had
// accepted it. It is charged, and its video is not stored.
type Discarded struct {
	GenerationID string `json:"generation_id"`
	Micros       int64  `json:"micros"` // the provider's charge, in micro-dollars; 0 if it isn't known
}

func (e *Discarded) Error() string {
	return fmt.Sprintf("the video of generation %s was discarded and is not stored; it is charged all the same; redrive the job to have it after all, while the provider keeps it", e.GenerationID)
}

func (e *Discarded) forget() {}

// Interrupted ends a job whose execution ended without an outcome: it was stopped, took too
// long, or failed with an error that no step returns.
type Interrupted struct {
	Execution string `json:"execution"` // its name
	Said      string `json:"said"`      // Step Functions' reason
	Paid      Paid   `json:"paid"`      // by the phase of the job's submission
}

func (e *Interrupted) Error() string {
	paid := map[Paid]string{PaidNo: "nothing was submitted", PaidYes: "the video is paid"}[e.Paid]
	if paid == "" {
		paid = "it may have been charged"
	}
	return fmt.Sprintf("the execution %s ended before the job did (%s); %s, and a redrive resumes the job without paying twice", e.Execution, e.Said, paid)
}

func (e *Interrupted) forget() { e.Said = "the reason was " + forgotten }

// ServiceUnavailable says that an AWS service that a step needs (S3, DynamoDB, Secrets
// Manager, Step Functions) failed, and that the step decided nothing. The state machine
// retries it on every task, as it retries the platform's own failures.
type ServiceUnavailable struct {
	Doing string `json:"doing"` // what was tried
	Err   error  `json:"-"`
}

func (e *ServiceUnavailable) Error() string {
	return fmt.Sprintf("%s failed, and the step can be entered again; when it persists, see the AWS service's health and the function's permissions, then redrive the job: %v", e.Doing, e.Err)
}

func (e *ServiceUnavailable) Unwrap() error { return e.Err }

func (e *ServiceUnavailable) forget() {}

// Unavailable returns err as a *ServiceUnavailable of what was tried, or the one that err wraps.
func Unavailable(doing string, err error) error {
	var already *ServiceUnavailable
	if errors.As(err, &already) {
		return already
	}
	return &ServiceUnavailable{Doing: doing, Err: err}
}
