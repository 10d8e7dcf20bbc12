package reconcile

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/takeup/takeup/internal/budget"
	"github.com/takeup/takeup/internal/provider"
	"github.com/takeup/takeup/internal/reconcile/gather"
	"github.com/takeup/takeup/internal/video"
)

// charged is how long after its claim an attempt may still be charged: twice the longest
// generation.
const charged = 2 * gather.LookBack

// Move is the resolution of an attempt's uncertain money, by the charges.
type Move struct {
	Job     string       `json:"job"`
	Attempt int          `json:"attempt"`
	Day     string       `json:"day"`    // that the attempt counts towards
	Micros  int64        `json:"micros"` // that it is counted as
	State   budget.State `json:"state"`  // spent or released
	Charged int64        `json:"charged_micros"`
	Why     string       `json:"why"`
}

// money decides, for each uncertain attempt of an ended job, whether it was charged. An
// undecidable one becomes a note. Others use the account too, so charges are matched only
// by the attempt's generations. An attempt was charged if one of its generations was. It
// was not charged if the records of its time were read completely, none of its generations
// was or may yet be charged, and no charge of unknown owner is from its time.
func (c *comparison) money() {
	payments, _ := c.Payments()
	known := c.JobsByGeneration()
	before := 0
	for _, id := range slices.Sorted(maps.Keys(c.Entries)) {
		entry := c.Entries[id]
		if !entry.State().Ended() || c.running(id) {
			continue
		}
		for _, m := range entry.Money {
			if m.State != budget.Uncertain {
				continue
			}
			a := c.attempt(entry, m)
			if a.last.Before(c.From) {
				before++
				continue
			}
			move := Move{Job: id, Attempt: m.Attempt, Day: m.Day, Micros: m.Micros}
			micros, generations := a.paid(payments)
			if micros > 0 {
				move.State, move.Charged = budget.Spent, micros
				move.Why = "charged for generation " + strings.Join(generations, ", ")
				c.report.Money = append(c.report.Money, move)
				continue
			}
			if why := c.undecided(entry, a, payments, known); why != "" {
				c.note(fmt.Sprintf("%s.%d", id, m.Attempt), id, "it can't be decided whether this attempt was charged: "+why)
				continue
			}
			move.State, move.Why = budget.Released, "there is no charge for it, and the provider's logs show no generation of it that could be charged"
			c.report.Money = append(c.report.Money, move)
		}
	}
	if before > 0 {
		c.note("money", "", fmt.Sprintf("%d earlier attempts are uncertain; a longer --since includes them", before))
	}
}

// attempt is the evidence about one attempt.
type attempt struct {
	model       string
	first, last time.Time       // bounds of the claim's time
	generations map[string]bool // by ID
	failed      bool            // logged, and only as failed
	logged      bool
}

func (c *comparison) attempt(entry video.Entry, m budget.Money) attempt {
	a := attempt{model: entry.Request.Model(), generations: map[string]bool{}}
	if day, err := time.Parse(time.DateOnly, m.Day); err == nil {
		a.first, a.last = day, day.AddDate(0, 0, 1)
	}
	add := func(id string) {
		if id != "" {
			a.generations[id] = true
		}
	}
	if m.Attempt == entry.Attempt {
		if !entry.ClaimedAt.IsZero() {
			a.first, a.last = entry.ClaimedAt, entry.ClaimedAt
		}
		add(entry.GenerationID)
		add(c.Candidates[entry.ID])
	}
	sent := fmt.Sprintf("%s.%d", entry.ID, m.Attempt)
	a.failed = true
	for _, row := range c.Rows {
		if row.Reference == sent {
			a.logged, a.failed = true, a.failed && row.Failed
			add(row.ID)
		}
	}
	a.failed = a.failed && a.logged
	return a
}

// paid returns the total charged for the attempt's generations, in micro-dollars.
func (a attempt) paid(payments map[string]*gather.Payment) (micros int64, generations []string) {
	for _, key := range slices.Sorted(maps.Keys(a.generations)) {
		if p := payments[key]; p != nil && p.Micros > 0 {
			micros += p.Micros
			generations = append(generations, p.ID)
		}
	}
	return micros, generations
}

// undecided says why an attempt without a charge may be charged nevertheless; it is
// empty if it can't be.
func (c *comparison) undecided(entry video.Entry, a attempt, payments map[string]*gather.Payment, known map[string]string) string {
	switch {
	case c.LogsUnread || !c.Charged[entry.KeyVersion]:
		return "the provider's records could not be read completely"
	case a.first.Before(c.From):
		return "it may be older than the period that is compared; use a longer --since"
	case c.To.Before(a.last.Add(charged)):
		return "it may still be charged"
	case a.failed:
		return ""
	case len(a.generations) > 0 || a.logged:
		return "the provider has generation " + strings.Join(slices.Sorted(maps.Keys(a.generations)), ", ") + " of it, but no charge (yet)"
	}
	var strange []string
	for key, p := range payments {
		if known[key] == "" && p.Client == "" && (p.Model == "" || sameModel(p.Model, a.model)) && !p.At.Before(a.first.Add(-provider.ClockSkew)) && p.At.Before(a.last.Add(charged)) {
			strange = append(strange, p.ID)
		}
	}
	for _, charge := range c.Charges {
		if charge.ID == "" && !charge.Created.Before(a.first.Add(-provider.ClockSkew)) && charge.Created.Before(a.last.Add(charged)) {
			strange = append(strange, "without an id")
		}
	}
	if len(strange) == 0 {
		return ""
	}
	slices.SortFunc(strange, cmp.Compare[string])
	return "there are charges from its time whose job is unknown: " + strings.Join(strange[:min(len(strange), 3)], ", ")
}

// sameModel compares two model names, either of which may lack the vendor's prefix.
func sameModel(a, b string) bool {
	return a == b || strings.HasSuffix(a, "/"+b) || strings.HasSuffix(b, "/"+a)
}
