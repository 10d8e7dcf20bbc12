package e2e

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/budget"
)

// probeUnrecorded discards a job between the write of its manifest and its record. The record
// books the money.
func (w *world) probeUnrecorded(t *testing.T) error {
	id := w.fresh()
	w.shelved(t, id)
	entry, version, err := w.table.Get(t.Context(), id)
	if err != nil {
		return err
	}
	entry.Manifest, entry.Money[0].State, entry.Money[0].Slot = nil, budget.Reserved, true
	entry.Booked = []budget.Money{entry.Money[0]}
	entry.Booked[0].State, entry.Booked[0].Slot = budget.Spent, false
	if _, _, err := w.table.Update(t.Context(), entry, version); err != nil {
		return err
	}
	if _, err := invokeAPI[api.Video](w, t, http.StatusOK, http.MethodDelete, api.PathOf(api.VideoPath, id)+"?discard=true", ""); err != nil {
		return err
	}
	if m := w.entry(t, id).Money; len(m) != 1 || m[0].State != budget.Spent || m[0].Slot {
		return fmt.Errorf("its money is %+v", m)
	}
	return nil
}

func (w *world) testDiscardUnrecorded(t *testing.T) {
	if err := w.probeUnrecorded(t); err != nil {
		t.Error(err)
	}
}
