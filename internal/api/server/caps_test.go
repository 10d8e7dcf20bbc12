package server_test

import (
	"context"
	"time"

	"github.com/takeup/takeup/internal/caps"
	"github.com/takeup/takeup/internal/operator"
)

// Standing implements Caps.
func (j *fakeJobs) Standing(context.Context) (caps.Standing, error) {
	if j.standing == nil {
		return uncapped(), j.err
	}
	return *j.standing, j.err
}

var midnight = time.Date(2026, 8, 22, 0, 0, 0, 0, time.UTC)

// uncapped has no cap on the month.
func uncapped() caps.Standing {
	return caps.Standing{
		Day:      caps.Amount{Limit: 100_000_000, Parameter: 100_000_000, Spent: 12_740_000, Reserved: 1_960_000, Uncertain: 980_001, ResetsAt: midnight},
		Month:    caps.Amount{Spent: 212_740_000, Reserved: 1_960_000, Uncertain: 980_001, ResetsAt: midnight.AddDate(0, 0, 10)},
		InFlight: caps.Places{Limit: 100, Parameter: 100, Held: 2},
	}
}

func paused(why operator.Paused) *caps.Standing {
	s := uncapped()
	s.Paused = &why
	return &s
}

// overridden has a lowered cap on the day, and no cap on the jobs in flight any more.
func overridden(until time.Time) *caps.Standing {
	s := uncapped()
	s.Day.Limit, s.InFlight.Limit = 20_500_000, 0
	s.Caps = &operator.Caps{By: "arn:aws:iam::123456789012:user/ann", At: at, Until: until}
	s.Owners = []caps.Owner{
		{Name: "alice", Amount: caps.Amount{Limit: 5_000_000, Spent: 980_000, ResetsAt: midnight}},
		{Name: "bob", Amount: caps.Amount{Limit: 500_000, ResetsAt: midnight}},
	}
	return &s
}

// overCapped returns the refusal of a video of 12.5 USD: by a cap of 10, or, with a wait,
// by a cap of 100 that has no room for that long.
func overCapped(limit string, wait time.Duration) error {
	no := &caps.Refused{
		Limit: limit, Price: 12_500_000, Wait: wait,
		Amount: caps.Amount{Limit: 10_000_000, Spent: 1_960_000, Reserved: 980_000, Uncertain: 500, ResetsAt: midnight},
	}
	if wait > 0 {
		no.Amount.Limit, no.Spent, no.ResetsAt = 100_000_000, 88_200_000, midnight.AddDate(0, 0, 10)
	}
	return no
}
