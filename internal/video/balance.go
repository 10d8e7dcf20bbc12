package video

import "time"

// Balance is the balance of the account at the provider. The zero one is not known.
type Balance struct {
	Micros int64 // micro-dollars; below 0 where the account owes
	At     time.Time
}
