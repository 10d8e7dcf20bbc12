package schedule

import "time"

// Window is how many of the last generations a forecast is estimated from: enough for
// its width, and few enough that a change of the provider's pace is followed within as
// many.
const Window = 20

// Kind tells generations apart: those of one kind take about as long.
type Kind struct {
	Model    string
	Duration int // seconds of video
}

// Seen is what polls saw of one generation: it still ran at the age After, and had ended
// at the age By. After is 0 if the first poll found it ended.
type Seen struct {
	After, By time.Duration
}

// Past is what is known of the last generations of a kind, oldest first.
type Past struct {
	Seen []Seen
	// Charges are what they cost, in micro-dollars. A generation may have one
	// and no Seen, or the other way round.
	Charges []int64
}
