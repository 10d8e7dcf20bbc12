package cli

import (
	"testing"
)

func TestReconcileSince(t *testing.T) {
	for _, since := range []string{"0s", "2161h", "soon"} {
		if status := newShell(t).run(t.Context(), "reconcile", "--since", since); status != exitUsage {
			t.Errorf("%s: %d", since, status)
		}
	}
}

func TestReconcileRefusesMoneyWithRepair(t *testing.T) {
	if status := newShell(t).run(t.Context(), "reconcile", "--money", "--repair"); status != exitUsage {
		t.Errorf("both at once: %d", status)
	}
}
