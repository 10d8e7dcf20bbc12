package budget

import "time"

// Usage sums up one UTC day's attempts of one owner's jobs with one model.
type Usage struct {
	Day   string // day of the claims, such as 2026-08-21
	Owner string // the name of a token; empty for prompt files and executions started by hand
	Model string

	Videos  int64 // attempts that were charged, or count as charged
	Failed  int64 // attempts that ended their job at no cost
	InDoubt int64 // attempts that may or may not have been charged

	ReservedMicros, SpentMicros, UncertainMicros int64 // micro-dollars
}

// Balance is the balance of the account at the provider. The zero Balance is unknown.
type Balance struct {
	Micros int64 // micro-dollars; negative if the account owes money
	At     time.Time
}
