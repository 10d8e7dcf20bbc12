package video

import (
	"errors"
	"slices"
)

// Paid says whether a job that ended without a video costs money.
type Paid string

// What isn't known is perhaps.
const (
	PaidNo      Paid = "no"
	PaidYes     Paid = "yes"
	PaidPerhaps Paid = "perhaps"
)

// OutcomeKind is what can be said of an outcome by its name alone. An outcome's own
// message says more.
type OutcomeKind struct {
	Name    string
	Meaning string
	Paid    Paid
	Advice  string // what to do
}

// OutcomeKinds lists the outcomes that errors.go names, and no others.
func OutcomeKinds() []OutcomeKind {
	kind := func(err error, meaning string, paid Paid, advice string) OutcomeKind {
		return OutcomeKind{Name: OutcomeName(err), Meaning: meaning, Paid: paid, Advice: advice}
	}
	return []OutcomeKind{
		kind(&InvalidRequest{}, "refused by Takeup or the provider", PaidNo, "correct the request"),
		kind(&Unauthorized{}, "the provider doesn't know the key", PaidNo, "put a valid one into the secret (output `ChangeProviderKey`), redrive"),
		kind(&OutOfCredits{}, "the account is empty, or the key's limit is reached", PaidNo, "top up, redrive"),
		kind(&ProviderBusy{}, "no room, or no connection, for a whole day", PaidNo, "redrive"),
		kind(&CapReached{}, "a cap of the stack on money or jobs has no room for it for as long as a job waits", PaidNo, "raise the cap, or wait until it begins anew; redrive"),
		kind(&SubmissionLost{}, "the submission was not answered, and no trace of it was found", PaidPerhaps, "read its message; redrive looks again"),
		kind(&GenerationFailed{}, "the provider ended it: moderation, a fault of its own", PaidNo, "read its words; a new request"),
		kind(&GenerationOverdue{}, "not done after a day", PaidPerhaps, "redrive looks again"),
		kind(&VideoUnavailable{}, "done, but it could not be fetched in hours of trying", PaidYes, "redrive fetches it, without paying again"),
		kind(&VideoRejected{}, "what the provider serves is not a whole mp4, too large, or at a forbidden address", PaidPerhaps, "ask the provider, with the generation's id"),
		kind(&Cancelled{}, "cancelled by its owner before the provider accepted it", PaidNo, "nothing, or a new request"),
		kind(&Discarded{}, "its video was given up by its owner after the provider had accepted it", PaidYes, "nothing; redrive fetches it after all, while the provider keeps it"),
		kind(&Interrupted{}, "its execution was stopped, or failed in a way that no step has", PaidPerhaps, "read its message; redrive goes on"),
		kind(&ServiceUnavailable{}, "S3, Secrets Manager or Step Functions did not answer for long, or a permission is missing", PaidPerhaps, "mend it, redrive"),
	}
}

// Kind gives what can be said of the outcome by its name. Of one that isn't of
// ours, such as Step Functions' own, it is that a redrive goes on.
func (r Outcome) Kind() OutcomeKind {
	kinds := OutcomeKinds()
	if i := slices.IndexFunc(kinds, func(k OutcomeKind) bool { return k.Name == r.Name }); i >= 0 {
		return kinds[i]
	}
	return OutcomeKind{Name: r.Name, Paid: PaidPerhaps, Advice: "redrive"}
}

// Paid says whether a job that ended so costs money. An interruption knows it of its
// own job.
func (r Outcome) Paid() Paid {
	var interrupted *Interrupted
	if errors.As(r.Err(), &interrupted) && interrupted.Paid != "" {
		return interrupted.Paid
	}
	return r.Kind().Paid
}
