package caps

import (
	"fmt"
	"time"

	"github.com/takeup/takeup/internal/budget"
	"github.com/takeup/takeup/internal/price"
)

// Refused says why a request can't be submitted, however long the job waits. Nothing was
// started.
type Refused struct {
	Limit  string // day, month or owner
	Price  int64  // the most the video may cost, in micro-dollars
	Amount        // held below that cap
	// Wait is how long a job waits for room.
	Wait time.Duration
}

func (e *Refused) Error() string {
	usd := func(micros int64) string { return price.Micros(micros).String() }
	whose := "the stack's cap"
	period := "a " + e.Limit
	if e.Limit == budget.LimitOwner {
		whose, period = "the token's cap", "a day"
	}
	said := fmt.Sprintf("the video may cost up to %s, which is more than %s of %s %s", usd(e.Price), whose, usd(e.Amount.Limit), period)
	advice := "ask for a cheaper video, or have the cap raised"
	if e.Price <= e.Amount.Limit {
		said = fmt.Sprintf("the video may cost up to %s, and %s of %s %s has no room for it", usd(e.Price), whose, usd(e.Amount.Limit), period)
		advice = fmt.Sprintf("a job waits only %s for room, so send it again then, or have the cap raised", hours(e.Wait))
	}
	return fmt.Sprintf("%s: %s are spent, %s reserved and %s uncertain; the cap resets at %s. Nothing was started; %s (%s)",
		said, usd(e.Spent), usd(e.Reserved), usd(e.Uncertain), e.ResetsAt.UTC().Format(time.RFC3339), advice, budget.Command(e.Limit, ""))
}

func hours(wait time.Duration) string {
	if wait == time.Hour {
		return "hour"
	}
	return fmt.Sprintf("%d hours", int(wait.Hours()))
}
