package e2e

import (
	"fmt"
	"testing"
)

// probePrices has the price list asked for and kept.
func (w *world) probePrices(t *testing.T) error {
	before, _, err := w.table.PriceList(t.Context())
	if err != nil {
		return err
	}
	answer, err := w.invoke(t.Context(), "PricesFunction", map[string]bool{"force": true})
	if err != nil {
		return err
	}
	after, _, err := w.table.PriceList(t.Context())
	if err == nil && !after.AsOf.After(before.AsOf) {
		err = fmt.Errorf("the list is still that of %s; the function answers %s", after.AsOf, answer)
	}
	return err
}
