package wire

import (
	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/budget"
	"github.com/takeup/takeup/internal/caps"
	"github.com/takeup/takeup/internal/price"
	"github.com/takeup/takeup/internal/usage"
)

// Control says whether jobs are submitted, and what counts against the caps.
func Control(s caps.Standing) api.Control {
	body := api.Control{Caps: standing(s)}
	if why := s.Paused; why != nil {
		body.Paused = &api.Paused{By: text(why.By), Since: Time(why.Since), Reason: text(why.Reason), CopyOf: text(why.CopyOf)}
	}
	return body
}

func standing(s caps.Standing) api.Caps {
	body := api.Caps{
		Day: amount(s.Day), Month: amount(s.Month),
		InFlight: api.InFlight{Limit: places(s.InFlight.Limit), Parameter: places(s.InFlight.Parameter), Held: s.InFlight.Held},
		Owners:   []api.OwnerCap{},
	}
	if set := s.Caps; set != nil {
		body.Override = &api.Override{By: set.By, At: set.At, Until: Time(set.Until)}
	}
	for _, owner := range s.Owners {
		body.Owners = append(body.Owners, api.OwnerCap{Name: owner.Name, Limit: price.Micros(owner.Limit).USD(), Held: held(owner.Amount)})
	}
	return body
}

func amount(a caps.Amount) api.Cap {
	return api.Cap{Limit: usd(price.Micros(a.Limit)), Parameter: usd(price.Micros(a.Parameter)), Held: held(a)}
}

// places returns nil for no limit.
func places(limit int64) *int64 {
	if limit <= 0 {
		return nil
	}
	return &limit
}

func held(a caps.Amount) api.Held {
	return api.Held{
		Spent: price.Micros(a.Spent).USD(), Reserved: price.Micros(a.Reserved).USD(), Uncertain: price.Micros(a.Uncertain).USD(),
		ResetsAt: a.ResetsAt,
	}
}

// Usage returns a month's report, with the day of UTC that is today, such as 2026-08-21.
func Usage(report usage.Report, today string, balance budget.Balance) api.Usage {
	body := api.Usage{
		Month: string(report.Month), Total: sum(report.Sum), Days: []api.UsageDay{}, Models: []api.UsageModel{}, Owners: []api.UsageOwner{},
		Balance: account(balance),
	}
	if of, ok := report.Day(today); ok {
		body.Today = &api.UsageDay{Day: today, UsageSum: sum(of)}
	}
	for _, g := range report.Days {
		body.Days = append(body.Days, api.UsageDay{Day: g.Name, UsageSum: sum(g.Sum)})
	}
	for _, g := range report.Models {
		body.Models = append(body.Models, api.UsageModel{Model: g.Name, UsageSum: sum(g.Sum)})
	}
	for _, g := range report.Owners {
		body.Owners = append(body.Owners, api.UsageOwner{Owner: text(g.Name), UsageSum: sum(g.Sum)})
	}
	return body
}

// account returns nil for a balance that was never read.
func account(b budget.Balance) *api.Balance {
	if b.At.IsZero() {
		return nil
	}
	usd := price.Micros(max(b.Micros, -b.Micros)).USD()
	if b.Micros < 0 {
		usd = "-" + usd
	}
	return &api.Balance{USD: usd, At: b.At}
}

func sum(s usage.Sum) api.UsageSum {
	return api.UsageSum{
		Videos: s.Videos, Failed: s.Failed, InDoubt: s.InDoubt,
		Spent: s.Spent.USD(), Reserved: s.Reserved.USD(), Uncertain: s.Uncertain.USD(),
	}
}
