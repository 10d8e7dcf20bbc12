package world

import (
	"math"
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
