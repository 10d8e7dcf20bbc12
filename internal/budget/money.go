package budget

// State says what became of the money of an attempt.
type State string

// Money is reserved by a claim. What is released or failed costs nothing; the other
// states count against the caps.
const (
	Reserved  State = "reserved"  // the attempt may be charged, or will be
	Spent     State = "spent"     // the generation is done, and charged
	Uncertain State = "uncertain" // it isn't known whether it was charged
	Released  State = "released"  // it was certainly not charged
	Failed    State = "failed"    // it was not charged, and the job ended by it
)

// Money is what an attempt costs. Its day is that of the claim, in UTC, and never changes:
// the attempt is counted in that day and its month.
type Money struct {
	Attempt int    `json:"attempt"`
	Day     string `json:"day"`    // as 2026-08-21
	Micros  int64  `json:"micros"` // micro-dollars
	State   State  `json:"state"`
	// Slot says that it counts among the attempts in flight.
	Slot bool `json:"slot"`
}

// Month is the month of the claim, as 2026-08.
func (m Money) Month() string { return m.Day[:len("2006-01")] }

// Held is the amount that counts against the caps, in micro-dollars: 0 once it is certain
// that the attempt was not charged.
func (m Money) Held() int64 {
	if m.State == Released || m.State == Failed {
		return 0
	}
	return m.Micros
}
