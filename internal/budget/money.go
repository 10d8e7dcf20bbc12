package budget

// State is the state of an attempt's money.
type State string

// Money is reserved by a claim. Released and failed money costs nothing; the other states
// count against the caps.
const (
	Reserved  State = "reserved"  // the attempt may be charged, or will be
	Spent     State = "spent"     // the generation is done and charged
	Uncertain State = "uncertain" // it isn't known whether it was charged
	Released  State = "released"  // certainly not charged
	Failed    State = "failed"    // not charged, and the job ended with this attempt
)

// Money is the cost of an attempt. Its day is the UTC day of the claim and never changes:
// the attempt counts in that day and its month.
type Money struct {
	Attempt int    `json:"attempt"`
	Day     string `json:"day"`    // such as 2026-08-21
	Micros  int64  `json:"micros"` // micro-dollars
	State   State  `json:"state"`
	// Slot says that the attempt counts as in flight.
	Slot bool `json:"slot"`
}

// Month returns the month of the claim, such as 2026-08.
func (m Money) Month() string { return m.Day[:len("2006-01")] }

// Held returns the amount that counts against the caps, in micro-dollars: 0 once it is
// certain that the attempt was not charged.
func (m Money) Held() int64 {
	if m.State == Released || m.State == Failed {
		return 0
	}
	return m.Micros
}
