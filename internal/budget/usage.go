package budget

import "time"

// Usage sums up the attempts of a UTC day of one owner's jobs with one model.
type Usage struct {
	Day   string // as 2026-08-21: that of the claims
	Owner string // the name of a token; empty for prompt files and executions by hand
	Model string

	Videos  int64 // attempts that were charged, or count as charged
	Failed  int64 // attempts that ended their job and cost nothing
	InDoubt int64 // attempts of which it isn't known whether they were charged

	ReservedMicros, SpentMicros, UncertainMicros int64 // micro-dollars
}

// Balance is the balance of the account at the provider. The zero Balance is an unknown one.
type Balance struct {
	Micros int64 // micro-dollars; below 0 where the account owes
	At     time.Time
}
