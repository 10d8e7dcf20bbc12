package e2e

import (
	"fmt"
	"testing"
)

// probePrices fetches the price list and the balance and keeps them.
func (w *world) probePrices(t *testing.T) error {
	before, _, err := w.table.PriceList(t.Context())
	if err != nil {
		return err
	}
	balance, _, err := w.table.Balance(t.Context())
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
	if err != nil {
		return err
	}
	kept, _, err := w.table.Balance(t.Context())
	if err == nil && !kept.At.After(balance.At) {
		err = fmt.Errorf("the balance is still that of %s", kept.At)
	}
	return err
}
