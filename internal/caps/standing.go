package caps

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/takeup/takeup/internal/table"
	"github.com/takeup/takeup/internal/video"
)

// Books is what the table knows of caps and of what is held below them.
type Books interface {
	// Name is the table's.
	Name() string
	Control(context.Context) (control video.Control, version string, err error)
	// Month gives the counters of a month, as 2026-08.
	Month(ctx context.Context, month string) (table.Counters, error)
	// Usage gives what the attempts of a month have come to.
	Usage(ctx context.Context, month string) ([]video.Usage, error)
}

// Standing is what is decided for all jobs, and what is held below each cap.
type Standing struct {
	Paused     *video.Paused // nil where jobs are submitted
	Day, Month Amount
	InFlight   Places
	Caps       *video.Caps // those that hold instead of the stack's; nil: none
	Owners     []Owner     // that have a cap, by name
}

// Amount is what is held below a cap on money, in micro-dollars. A limit of 0 is none.
type Amount struct {
	Limit, Parameter           int64 // as it holds, and as the stack has it
	Spent, Reserved, Uncertain int64
	ResetsAt                   time.Time // when it begins anew
}

// Held is the sum that counts against the limit.
func (a Amount) Held() int64 { return a.Spent + a.Reserved + a.Uncertain }

// Places is how many attempts are in flight. A limit of 0 is none.
type Places struct{ Limit, Parameter, Held int64 }

// Owner is what is held of an owner's day, below the cap of the owner, which no
// parameter sets.
type Owner struct {
	Name string
	Amount
}

// Reader reads how the caps stand. It is safe for concurrent use.
type Reader struct {
	books Books
	stack video.Limits
	now   func() time.Time
}

// NewReader makes a Reader of what a table knows and the stack's own limits.
func NewReader(books Books, stack video.Limits, now func() time.Time) *Reader {
	return &Reader{books, stack, now}
}

// Standing reads how the caps stand. What is held of the day and of owners may lack the
// latest changes. The error is a *video.ServiceUnavailable.
func (r *Reader) Standing(ctx context.Context) (Standing, error) {
	control, _, err := r.books.Control(ctx)
	if err != nil {
		return Standing{}, err
	}
	return r.standing(ctx, control, r.now().UTC())
}

func (r *Reader) standing(ctx context.Context, control video.Control, at time.Time) (Standing, error) {
	day := at.Truncate(24 * time.Hour)
	first := day.AddDate(0, 0, 1-day.Day())
	month, err := r.books.Month(ctx, first.Format("2006-01"))
	if err != nil {
		return Standing{}, err
	}
	before, err := r.books.Month(ctx, first.AddDate(0, -1, 0).Format("2006-01"))
	if err != nil {
		return Standing{}, err
	}
	usage, err := r.books.Usage(ctx, first.Format("2006-01"))
	if err != nil {
		return Standing{}, err
	}
	limits := control.Limits(r.stack, "", at)
	s := Standing{
		Paused: control.Paused(r.books.Name()),
		Caps:   control.CapsAt(at),
		Day:    Amount{Limit: limits.DayMicros, Parameter: r.stack.DayMicros, ResetsAt: day.AddDate(0, 0, 1)},
		Month: Amount{
			Limit: limits.MonthMicros, Parameter: r.stack.MonthMicros, ResetsAt: first.AddDate(0, 1, 0),
			Spent: month.Spent, Reserved: month.Reserved, Uncertain: month.Uncertain,
		},
		InFlight: Places{Limit: limits.InFlight, Parameter: r.stack.InFlight, Held: before.InFlight + month.InFlight},
	}
	owners := map[string]*Owner{}
	for name, micros := range control.Owners {
		owners[name] = &Owner{Name: name, Amount: Amount{Limit: micros, ResetsAt: s.Day.ResetsAt}}
	}
	for _, u := range usage {
		if u.Day != day.Format(time.DateOnly) {
			continue
		}
		s.Day.add(u)
		if owner := owners[u.Owner]; owner != nil {
			owner.add(u)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(owners)) {
		s.Owners = append(s.Owners, *owners[name])
	}
	return s, nil
}

func (a *Amount) add(u video.Usage) {
	a.Spent, a.Reserved, a.Uncertain = a.Spent+u.SpentMicros, a.Reserved+u.ReservedMicros, a.Uncertain+u.UncertainMicros
}
