package schedule

import "time"

// Window is how many of the last generations a forecast is estimated from: enough for its width,
// and few enough that the forecast follows a change of the provider's pace within as many.
const Window = 20

// Kind is a kind of generation. Generations of one kind take about as long.
type Kind struct {
	Model    string
	Duration int // seconds of the video
}

// Seen is what polls saw of one generation: it was still running at the age After, and had ended
// at the age By. After is 0 if it had ended at the first poll.
type Seen struct {
	After, By time.Duration
}

// Past is the record of the last generations of a kind, oldest first.
type Past struct {
	Seen []Seen
	// Charges are their charges, in micro-dollars. A generation may have a charge and no Seen,
	// or the other way round.
	Charges []int64
}
