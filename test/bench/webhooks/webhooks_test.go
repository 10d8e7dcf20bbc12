package webhooks

import (
	"testing"
	"time"
)

func TestConcurrency(t *testing.T) {
	l, err := concurrency("../../../template.yaml")
	if err != nil || l.first < 2 || l.aside < 2 {
		t.Errorf("%+v, %v", l, err)
	}
	if _, err := concurrency("../../go.mod"); err == nil {
		t.Error("a file that is no template has limits")
	}
}

func TestResult(t *testing.T) {
	var delays []time.Duration
	for i := range 101 {
		delays = append(delays, time.Duration(100-i)*time.Millisecond)
	}
	if got := resultOf(delays); got.Median != 50*time.Millisecond || got.P95 != 95*time.Millisecond {
		t.Errorf("%+v", got)
	}
}

// Few webhooks are all delivered, and those to the slow receiver hold up none of the others.
func TestMeasure(t *testing.T) {
	for _, pace := range []Pace{Told, Backlog} {
		got, err := measure(t.Context(), Options{Webhooks: 20, Slow: time.Minute}, limits{first: 2, aside: 2}, pace, true)
		if err != nil || got.P95 > 20*time.Second {
			t.Errorf("%s: %+v, %v", pace, got, err)
		}
	}
}
