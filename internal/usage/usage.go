// Package usage sums up the attempts of a month.
package usage

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/takeup/takeup/internal/budget"
	"github.com/takeup/takeup/internal/price"
)

// Sum is the total of some attempts.
type Sum struct {
	Videos, Failed, InDoubt    int64
	Reserved, Spent, Uncertain price.Micros
}

func (s *Sum) add(u budget.Usage) {
	s.Videos += u.Videos
	s.Failed += u.Failed
	s.InDoubt += u.InDoubt
	s.Reserved += price.Micros(u.ReservedMicros)
	s.Spent += price.Micros(u.SpentMicros)
	s.Uncertain += price.Micros(u.UncertainMicros)
}

// held returns the amount that counts against the caps.
func (s Sum) held() price.Micros { return s.Reserved + s.Spent + s.Uncertain }

// Group is the sum of a day, a model or an owner.
type Group struct {
	Name string // a day such as 2026-08-21, a model, or an owner, which may be empty
	Sum
}

// Report is the usage of a month.
type Report struct {
	Month Month
	Sum   Sum
	// Days are the days of the month up to today, in order, including those without an
	// attempt. Models and Owners are sorted by cost, highest first.
	Days, Models, Owners []Group
}

// Summarize returns the report of a month from its usage, as of now.
func Summarize(month Month, all []budget.Usage, now time.Time) Report {
	r := Report{Month: month}
	last := now.UTC().Format(time.DateOnly)
	days, models, owners := map[string]*Sum{}, map[string]*Sum{}, map[string]*Sum{}
	for _, u := range all {
		r.Sum.add(u)
		sumOf(days, u.Day).add(u)
		sumOf(models, u.Model).add(u)
		sumOf(owners, u.Owner).add(u)
		last = max(last, u.Day)
	}
	for day := month.begin(); day.Month() == month.begin().Month() && day.Format(time.DateOnly) <= last; day = day.AddDate(0, 0, 1) {
		sumOf(days, day.Format(time.DateOnly))
	}
	r.Days, r.Models, r.Owners = groups(days), groups(models), groups(owners)
	slices.SortFunc(r.Days, func(a, b Group) int { return cmp.Compare(a.Name, b.Name) })
	return r
}

// sumOf returns the sum of a name, adding a zero one if it is missing.
func sumOf(sums map[string]*Sum, name string) *Sum {
	if sums[name] == nil {
		sums[name] = &Sum{}
	}
	return sums[name]
}

// groups returns the sums in order of cost, highest first.
func groups(sums map[string]*Sum) []Group {
	all := make([]Group, 0, len(sums))
	for name, sum := range sums {
		all = append(all, Group{name, *sum})
	}
	slices.SortFunc(all, func(a, b Group) int {
		return cmp.Or(cmp.Compare(b.held(), a.held()), cmp.Compare(b.Videos, a.Videos), cmp.Compare(a.Name, b.Name))
	})
	return all
}

// Day returns the sum of a day, and false if the report doesn't include that day.
func (r Report) Day(name string) (Sum, bool) {
	i := slices.IndexFunc(r.Days, func(g Group) bool { return g.Name == name })
	if i < 0 {
		return Sum{}, false
	}
	return r.Days[i].Sum, true
}

// Month is a UTC month, such as 2026-08.
type Month string

const monthForm = "2006-01"

// MonthOf returns the UTC month of a time.
func MonthOf(at time.Time) Month { return Month(at.UTC().Format(monthForm)) }

// ParseMonth parses a month such as 2026-08.
func ParseMonth(text string) (Month, error) {
	at, err := time.Parse(monthForm, text)
	if err != nil || at.Year() < 1000 {
		return "", fmt.Errorf("%.20q is not a month such as 2026-08", text)
	}
	return Month(text), nil
}

func (m Month) begin() time.Time {
	at, err := time.Parse(monthForm, string(m))
	if err != nil {
		panic("usage: a month that was not parsed: " + err.Error())
	}
	return at
}
