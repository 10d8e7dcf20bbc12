package caps

import (
	"context"
	"time"

	"github.com/takeup/takeup/internal/budget"
	"github.com/takeup/takeup/internal/operator"
	"github.com/takeup/takeup/internal/table/counter"
	"github.com/takeup/takeup/internal/video"
)

// Books reads prices, caps and the amounts held below them from the table. Errors are
// *video.ServiceUnavailable.
type Books interface {
	Records
	// Name returns the table's name.
	Name() string
	Control(context.Context) (control operator.Control, version string, err error)
	// Month returns the counters of a month, such as 2026-08.
	Month(ctx context.Context, month string) (counter.Sums, error)
	// Usage returns the usage of a month, such as 2026-08.
	Usage(ctx context.Context, month string) ([]budget.Usage, error)
	// TellCapReached tells that a request of an owner found a cap on money reached, once for each
	// period of the cap.
	TellCapReached(ctx context.Context, owner string, why *budget.NoRoom, at time.Time) error
}

// Stack checks requests against the caps of a stack. It is safe for concurrent use.
type Stack struct {
	books  Books
	prices *Prices
	limits budget.Limits
	wait   time.Duration
	now    func() time.Time
}

// NewStack returns a Stack with the given limits, which those in the books override.
// unpriced is the amount, in micro-dollars, reserved for a model without a known price.
// wait is how long a job waits for room.
func NewStack(books Books, limits budget.Limits, unpriced int64, wait time.Duration, now func() time.Time) *Stack {
	return &Stack{books, NewPrices(&recent{records: books, now: now}, unpriced), limits, wait, now}
}

// Admit returns a *Refused for an owner's request that can't be submitted: it costs more
// than a cap by itself, or the month stays full for longer than a job waits. Any other
// error is a *video.ServiceUnavailable. Admit reads the table once, and once more if the
// month has a cap and ends after that wait; prices are cached for a minute.
func (s *Stack) Admit(ctx context.Context, request video.Request, owner string) error {
	control, _, err := s.books.Control(ctx)
	if err != nil {
		return err
	}
	at := s.now().UTC()
	limits := control.Limits(s.limits, owner, at)
	if limits.DayMicros <= 0 && limits.MonthMicros <= 0 && limits.OwnerDayMicros <= 0 {
		return nil
	}
	price, err := s.prices.Price(ctx, request)
	if err != nil {
		return err
	}
	day, first, month := periods(at)
	held := int64(0)
	if end := first.AddDate(0, 1, 0); limits.MonthMicros > 0 && end.After(at.Add(s.wait)) {
		counters, err := s.books.Month(ctx, month)
		if err != nil {
			return err
		}
		held = counters.Held
	}
	for _, why := range []budget.NoRoom{
		{Limit: budget.LimitOwner, Of: limits.OwnerDayMicros, Until: day.AddDate(0, 0, 1)},
		{Limit: budget.LimitDay, Of: limits.DayMicros, Until: day.AddDate(0, 0, 1)},
		{Limit: budget.LimitMonth, Of: limits.MonthMicros, Until: first.AddDate(0, 1, 0), Held: held},
	} {
		why.Price, why.Ends = price, control.LimitEnds(why.Limit, at)
		if why.Of > 0 && why.Held+price > why.Of && why.Lasts(at.Add(s.wait)) {
			return s.refused(ctx, control, at, owner, why)
		}
	}
	return nil
}

// refused returns the *Refused for a cap without room, with the amounts held below it. It tells of a
// cap that was reached.
func (s *Stack) refused(ctx context.Context, control operator.Control, at time.Time, owner string, why budget.NoRoom) error {
	if err := s.books.TellCapReached(ctx, owner, &why, at); err != nil {
		return err
	}
	standing, err := s.standing(ctx, control, at)
	if err != nil {
		return err
	}
	no := &Refused{Limit: why.Limit, Price: why.Price, Amount: standing.Day}
	switch why.Limit {
	case budget.LimitMonth:
		no.Amount, no.Wait = standing.Month, s.wait
	case budget.LimitOwner:
		for _, o := range standing.Owners {
			if o.Name == owner {
				no.Amount = o.Amount
			}
		}
	}
	return no
}
