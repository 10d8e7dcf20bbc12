package world

import (
	"math"
	"slices"
	"testing"
)

func TestOptionsAreChecked(t *testing.T) {
	good := Options{Jobs: 1, InFlight: 1, Faults: 0.5}
	if err := good.Check(); err != nil {
		t.Error(err)
	}
	for _, bad := range []Options{{}, {Jobs: 1, InFlight: 1, Faults: 1}, {Jobs: 1, InFlight: 1000}, {Jobs: 1, InFlight: 1, Faults: math.NaN()}, {Jobs: 1, InFlight: 1, FirstDownload: "no such fault"}} {
		if bad.Check() == nil {
			t.Errorf("%+v is accepted", bad)
		}
	}
}

// Only a run that measures the line for slots has no batches.
func TestTriggers(t *testing.T) {
	if got := (Options{}).Triggers(); !slices.Equal(got, Triggers) {
		t.Errorf("they are %v", got)
	}
	if got := (Options{Slots: 20}).Triggers(); slices.Contains(got, ByBatch) || !slices.Contains(got, ByHand) || !slices.Contains(Triggers, ByBatch) {
		t.Errorf("with slots they are %v", got)
	}
}
