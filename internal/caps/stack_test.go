package caps_test

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/takeup/takeup/internal/budget"
	"github.com/takeup/takeup/internal/caps"
	"github.com/takeup/takeup/internal/catalogue"
	"github.com/takeup/takeup/internal/operator"
	"github.com/takeup/takeup/internal/price"
	"github.com/takeup/takeup/internal/provider/all"
	"github.com/takeup/takeup/internal/table/counter"
)

// books are the books of a table whose videos cost 1 USD. They count reads.
type books struct {
	records
	control operator.Control
	months  map[string]counter.Sums
	usage   []budget.Usage
	err     error
	read    map[string]int
	reached []string // the caps that were told
}

func (b *books) count(what string) error {
	if b.read == nil {
		b.read = map[string]int{}
	}
	b.read[what]++
	return b.err
}

func (b *books) Name() string { return "jobs" }

func (b *books) PriceList(ctx context.Context) (price.List, string, error) {
	return b.records.list, "1", b.count("prices")
}

func (b *books) Control(context.Context) (operator.Control, string, error) {
	return b.control, "1", b.count("control")
}

func (b *books) Month(_ context.Context, month string) (counter.Sums, error) {
	return b.months[month], b.count("month")
}

func (b *books) Usage(_ context.Context, month string) ([]budget.Usage, error) {
	if month != "2026-08" {
		return nil, errors.New("another month")
	}
	return b.usage, b.count("usage")
}

func (b *books) TellCapReached(_ context.Context, owner string, why *budget.NoRoom, _ time.Time) error {
	if why.Reached() {
		b.reached = append(b.reached, why.Limit+" of "+owner)
	}
	return b.err
}

var noon = time.Date(2026, 8, 21, 12, 0, 0, 0, time.UTC)

func ledger(t *testing.T) *books {
	t.Helper()
	list, err := price.Parse([]byte(`{"data":[{"id":"`+catalogue.Default(all.Models())+`","pricing":{"kind":"fixed","units":[{"measure":"video","price":1,"per":1}]}}]}`), "the list", noon)
	if err != nil {
		t.Fatal(err)
	}
	return &books{
		records: records{list: list},
		months: map[string]counter.Sums{
			"2026-08": {Held: 9_500_000, Spent: 8_000_000, Reserved: 1_000_000, Uncertain: 500_000, InFlight: 2},
			"2026-07": {Held: 90_000_000, Spent: 90_000_000, InFlight: 1},
		},
		usage: []budget.Usage{
			{Day: "2026-08-20", Owner: "alice", Model: "a", SpentMicros: 6_000_000},
			{Day: "2026-08-21", Owner: "", Model: "a", SpentMicros: 1_000_000, UncertainMicros: 500_000},
			{Day: "2026-08-21", Owner: "alice", Model: "a", SpentMicros: 600_000},
			{Day: "2026-08-21", Owner: "alice", Model: "b", SpentMicros: 400_000, ReservedMicros: 1_000_000},
		},
	}
}

const usd = 1_000_000

func TestStanding(t *testing.T) {
	b := ledger(t)
	b.control = operator.Control{Table: "another", Owners: map[string]int64{"bob": usd, "alice": 3 * usd}}
	set := operator.Caps{InFlight: new(int64(3)), By: "ann", At: noon.Add(-time.Hour), Until: noon.Add(time.Hour)}
	b.control.Caps = &set
	tomorrow := time.Date(2026, 8, 22, 0, 0, 0, 0, time.UTC)
	now := noon
	stack := caps.NewStack(b, budget.Limits{DayMicros: 10 * usd, InFlight: 100}, 5*usd, 24*time.Hour, func() time.Time { return now })
	want := caps.Standing{
		Paused:   &operator.Paused{CopyOf: "another"},
		Day:      caps.Amount{Limit: 10 * usd, Parameter: 10 * usd, Spent: 2 * usd, Reserved: usd, Uncertain: usd / 2, ResetsAt: tomorrow},
		Month:    caps.Amount{Spent: 8 * usd, Reserved: usd, Uncertain: usd / 2, ResetsAt: time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC)},
		InFlight: caps.Places{Limit: 3, Parameter: 100, Held: 3},
		Caps:     &set,
		Owners: []caps.Owner{
			{Name: "alice", Amount: caps.Amount{Limit: 3 * usd, Spent: usd, Reserved: usd, ResetsAt: tomorrow}},
			{Name: "bob", Amount: caps.Amount{Limit: usd, ResetsAt: tomorrow}},
		},
	}
	if got, err := stack.Standing(t.Context()); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v\nwant %+v", got, err, want)
	}
	if now = set.Until; now.Day() != noon.Day() {
		t.Fatal("the caps end on another day")
	}
	want.Caps, want.InFlight.Limit = nil, 100
	if got, err := stack.Standing(t.Context()); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("once the caps have ended: %+v, %v\nwant %+v", got, err, want)
	}
	b.err = errors.New("throttled")
	if _, err := stack.Standing(t.Context()); !errors.Is(err, b.err) {
		t.Errorf("got %v", err)
	}
}

// A request that costs 1 USD is refused if it can't fit, and only then.
func TestAdmit(t *testing.T) {
	set := func(c operator.Caps) operator.Control {
		c.At = noon.Add(-time.Hour)
		return operator.Control{Table: "jobs", Caps: &c}
	}
	for name, c := range map[string]struct {
		limits  budget.Limits
		control operator.Control
		wait    time.Duration // 24 h if 0
		limit   string        // that refuses it; empty: admitted
		says    []string
		reads   int
	}{
		"no caps":                                 {reads: 1},
		"below each":                              {limits: budget.Limits{DayMicros: usd, MonthMicros: 10_500_000, InFlight: 1}, reads: 2},
		"a full day":                              {limits: budget.Limits{DayMicros: 2 * usd}, reads: 1},
		"more than the day's":                     {limits: budget.Limits{DayMicros: usd - 1}, limit: "day", says: []string{"1.00 USD", "0.999999 USD a day", "2.00 USD are spent, 1.00 USD reserved and 0.50 USD uncertain", "2026-08-22T00:00:00Z", "caps set --max-usd-per-day"}},
		"more than the month's":                   {limits: budget.Limits{MonthMicros: usd - 1}, limit: "month", says: []string{"0.999999 USD a month", "8.00 USD are spent", "cheaper"}},
		"a full month":                            {limits: budget.Limits{MonthMicros: 10_499_999}, limit: "month", says: []string{"8.00 USD are spent, 1.00 USD reserved and 0.50 USD uncertain", "2026-09-01T00:00:00Z", "24 hours", "--max-usd-per-month"}},
		"a full month that ends within the wait":  {limits: budget.Limits{MonthMicros: 2 * usd}, wait: 20 * 24 * time.Hour, reads: 1},
		"a raised day":                            {limits: budget.Limits{DayMicros: 1}, control: set(operator.Caps{DayMicros: new(int64(usd))}), reads: 1},
		"a day without a cap":                     {limits: budget.Limits{DayMicros: 1}, control: set(operator.Caps{DayMicros: new(int64(0))}), reads: 1},
		"a lowered day":                           {limits: budget.Limits{DayMicros: usd}, control: set(operator.Caps{DayMicros: new(int64(usd - 1))}), limit: "day"},
		"a lowered day that ends within the wait": {limits: budget.Limits{DayMicros: usd}, control: set(operator.Caps{DayMicros: new(int64(1)), Until: noon.Add(time.Hour)}), reads: 1},
		"a lowered day that has ended":            {limits: budget.Limits{DayMicros: usd}, control: set(operator.Caps{DayMicros: new(int64(1)), Until: noon}), reads: 1},
		"more than the owner's":                   {control: operator.Control{Owners: map[string]int64{"alice": usd - 1}}, limit: "owner", says: []string{"the token's cap of 0.999999 USD a day", "1.00 USD are spent, 1.00 USD reserved", "--owner NAME"}},
		"another owner":                           {control: operator.Control{Owners: map[string]int64{"bob": 1}}, reads: 1},
		"an owner's cap above the stack's":        {limits: budget.Limits{DayMicros: 1}, control: operator.Control{Owners: map[string]int64{"alice": 2 * usd}}, limit: "day"},
	} {
		if c.wait == 0 {
			c.wait = 24 * time.Hour
		}
		b := ledger(t)
		b.control = c.control
		stack := caps.NewStack(b, c.limits, 5*usd, c.wait, func() time.Time { return noon })
		request, err := catalogue.OfPrompt(all.Models(), "a boat")
		if err != nil {
			t.Fatal(err)
		}
		err = stack.Admit(t.Context(), request, "alice")
		var refused *caps.Refused
		if c.limit != "" {
			if !errors.As(err, &refused) || refused.Limit != c.limit || refused.Price != usd {
				t.Errorf("%s: %v", name, err)
				continue
			}
			if told := len(b.reached) > 0; told != (name == "a full month") {
				t.Errorf("%s: it told of the caps %q", name, b.reached)
			}
			for _, said := range c.says {
				if !strings.Contains(err.Error(), said) {
					t.Errorf("%s: it doesn't say %q: %v", name, said, err)
				}
			}
			continue
		}
		if reads := b.read["control"] + b.read["month"] + b.read["usage"]; err != nil || reads != c.reads {
			t.Errorf("%s: %v, after %d reads of what changes", name, err, reads)
		}
		for range 3 {
			if err := stack.Admit(t.Context(), request, "alice"); err != nil || b.read["prices"] > 1 {
				t.Errorf("%s, again: %v, after %d reads of the prices", name, err, b.read["prices"])
			}
		}
		b.err = errors.New("throttled")
		if err := stack.Admit(t.Context(), request, "alice"); !errors.Is(err, b.err) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// Prices are read again after a minute, and after a failed read.
func TestAdmitByRecentPrices(t *testing.T) {
	b := ledger(t)
	now := noon
	stack := caps.NewStack(b, budget.Limits{DayMicros: usd}, 5*usd, time.Hour, func() time.Time { return now })
	request, err := catalogue.OfPrompt(all.Models(), "a boat")
	if err != nil {
		t.Fatal(err)
	}
	b.timesErr = errors.New("throttled")
	if err := stack.Admit(t.Context(), request, ""); !errors.Is(err, b.timesErr) {
		t.Errorf("got %v", err)
	}
	b.timesErr = nil
	if err := stack.Admit(t.Context(), request, ""); err != nil {
		t.Error(err)
	}
	b.charges = []int64{2 * usd}
	if err := stack.Admit(t.Context(), request, ""); err != nil {
		t.Errorf("by prices of the same minute: %v", err)
	}
	now = now.Add(time.Minute)
	var refused *caps.Refused
	if err := stack.Admit(t.Context(), request, ""); !errors.As(err, &refused) || refused.Price != 2*usd {
		t.Errorf("a minute later: %v", err)
	}
}
