package caps

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/takeup/takeup/internal/budget"
	"github.com/takeup/takeup/internal/operator"
)

// Standing is the operator's decisions for all jobs, and what is held below each cap.
type Standing struct {
	Paused     *operator.Paused // nil if jobs are submitted
	Day, Month Amount
	InFlight   Places
	Caps       *operator.Caps // those that override the stack's limits; nil: none
	Owners     []Owner        // those with a cap, by name
}

// Amount is the money held below a cap, in micro-dollars. A limit of 0 means no limit.
type Amount struct {
	Limit, Parameter           int64 // in effect, and as set by the stack's parameter
	Spent, Reserved, Uncertain int64
	ResetsAt                   time.Time // when the period ends
}

// Held returns the sum that counts against the limit.
func (a Amount) Held() int64 { return a.Spent + a.Reserved + a.Uncertain }

// Places counts the attempts in flight. A limit of 0 means no limit.
type Places struct{ Limit, Parameter, Held int64 }

// Owner is the money held below an owner's cap for the day. No parameter sets that cap.
type Owner struct {
	Name string
	Amount
}

// Standing reads the caps and what is held below them. The amounts of the day and of owners
// may lag behind the latest changes. The error is a *video.ServiceUnavailable.
func (s *Stack) Standing(ctx context.Context) (Standing, error) {
	control, _, err := s.books.Control(ctx)
	if err != nil {
		return Standing{}, err
	}
	return s.standing(ctx, control, s.now().UTC())
}

func (s *Stack) standing(ctx context.Context, control operator.Control, at time.Time) (Standing, error) {
	day, first, month := periods(at)
	now, err := s.books.Month(ctx, month)
	if err != nil {
		return Standing{}, err
	}
	before, err := s.books.Month(ctx, first.AddDate(0, -1, 0).Format("2006-01"))
	if err != nil {
		return Standing{}, err
	}
	usage, err := s.books.Usage(ctx, month)
	if err != nil {
		return Standing{}, err
	}
	limits := control.Limits(s.limits, "", at)
	got := Standing{
		Paused: control.Paused(s.books.Name()),
		Caps:   control.CapsAt(at),
		Day:    Amount{Limit: limits.DayMicros, Parameter: s.limits.DayMicros, ResetsAt: day.AddDate(0, 0, 1)},
		Month: Amount{
			Limit: limits.MonthMicros, Parameter: s.limits.MonthMicros, ResetsAt: first.AddDate(0, 1, 0),
			Spent: now.Spent, Reserved: now.Reserved, Uncertain: now.Uncertain,
		},
		InFlight: Places{Limit: limits.InFlight, Parameter: s.limits.InFlight, Held: before.InFlight + now.InFlight},
	}
	owners := map[string]*Owner{}
	for name, micros := range control.Owners {
		owners[name] = &Owner{Name: name, Amount: Amount{Limit: micros, ResetsAt: got.Day.ResetsAt}}
	}
	for _, u := range usage {
		if u.Day != day.Format(time.DateOnly) {
			continue
		}
		got.Day.add(u)
		if owner := owners[u.Owner]; owner != nil {
			owner.add(u)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(owners)) {
		got.Owners = append(got.Owners, *owners[name])
	}
	return got, nil
}

// periods returns the start of the UTC day and month of a time, and the name of the month.
func periods(at time.Time) (day, first time.Time, month string) {
	day = at.UTC().Truncate(24 * time.Hour)
	first = day.AddDate(0, 0, 1-day.Day())
	return day, first, first.Format("2006-01")
}

func (a *Amount) add(u budget.Usage) {
	a.Spent, a.Reserved, a.Uncertain = a.Spent+u.SpentMicros, a.Reserved+u.ReservedMicros, a.Uncertain+u.UncertainMicros
}
