package server_test

import (
	"context"
	"slices"
	"time"

	"github.com/takeup/takeup/internal/budget"
)

// used is a Usage with August 2026 and a balance.
type used struct {
	all     []budget.Usage
	balance budget.Balance
	err     error
}

func (u *used) Usage(_ context.Context, month string) ([]budget.Usage, error) {
	if month != "2026-08" {
		return nil, u.err
	}
	return slices.Clone(u.all), u.err
}

func (u *used) Balance(context.Context) (budget.Balance, string, error) { return u.balance, "1", u.err }

func someUsage(model string) used {
	return used{balance: budget.Balance{Micros: 12_345_678, At: at.Add(-time.Minute)}, all: []budget.Usage{
		{Day: "2026-08-20", Model: model, Owner: "alice", Videos: 3, Failed: 1, SpentMicros: 2_940_000},
		{Day: "2026-08-20", Model: model, InDoubt: 1, UncertainMicros: 980_000},
		{Day: "2026-08-21", Model: "klingai/v2-master-text-to-video", Owner: "bob", ReservedMicros: 1_400_001},
	}}
}

// usageReplies are the replies of GET /usage.
func usageReplies() map[string]reply {
	get := func(target string) call { return call{"GET", target, nil, ""} }
	return map[string]reply{
		"usage":             {call: get("/usage")},
		"usage-owner":       {call: get("/usage?month=2026-08&owner=alice")},
		"usage-model":       {call: get("/usage?model=klingai/v2-master-text-to-video")},
		"usage-before":      {call: get("/usage?month=2026-02")},
		"usage-debt":        {call: get("/usage"), used: &used{balance: budget.Balance{Micros: -250_000, At: at}}},
		"usage-no-balance":  {call: get("/usage"), used: &used{}},
		"usage-bad-month":   {call: get("/usage?month=2026-13")},
		"usage-bad-filters": {call: get("/usage?month=&model=none&owner=a%20b")},
		"usage-trouble":     {call: get("/usage"), err: trouble},
		"usage-post":        {call: call{"POST", "/usage", nil, "{}"}},
	}
}
