package sweep_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/takeup/takeup/internal/caps"
	"github.com/takeup/takeup/internal/jobs/sweep"
	"github.com/takeup/takeup/internal/metrics"
)

// meter keeps values, as texts.
type meter []string

func (m *meter) Emit(values ...metrics.Value) error {
	for _, v := range values {
		*m = append(*m, fmt.Sprintf("%s %s %g", v.Name, v.Of, v.N))
	}
	return nil
}

type books struct {
	held caps.Standing
	err  error
}

func (b books) Standing(context.Context) (caps.Standing, error) { return b.held, b.err }

func TestMeasure(t *testing.T) {
	const usd = 1_000_000
	held := caps.Standing{
		Day:      caps.Amount{Limit: 10 * usd, Spent: 5 * usd, Reserved: 3 * usd, Uncertain: usd},
		Month:    caps.Amount{Spent: 50 * usd, Reserved: 4 * usd, Uncertain: 1_500_000}, // without a cap
		InFlight: caps.Places{Limit: 4, Held: 1},
	}
	swept := sweep.Swept{Settled: 2, Started: 1, Unfinished: 9, Held: sweep.Held{Cap: 4, Resume: 3, Room: 2, Answer: 1}}
	found := []string{"SweepDifferences  3", "Unfinished  9", "Waits cap 4", "Waits resume 3", "Waits room 2", "Waits answer 1"}
	var m meter
	if err := sweep.Measure(&m, books{held: held})(t.Context(), swept); err != nil {
		t.Error(err)
	}
	if want := slices.Concat(found, []string{"SpentUSD  50", "ReservedUSD  4", "UncertainUSD  1.5", "CapUsed day 90", "CapUsed month 0"}); !slices.Equal(m, want) {
		t.Errorf("measured %q, want %q", m, want)
	}
	// What was found is measured also if the caps can't be read.
	m = nil
	denied := errors.New("denied")
	if err := sweep.Measure(&m, books{err: denied})(t.Context(), swept); !errors.Is(err, denied) || !slices.Equal(m, found) {
		t.Errorf("measured %q, %v", m, err)
	}
}
