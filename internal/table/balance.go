package table

import (
	"context"
	"fmt"
	"strconv"

	"github.com/takeup/takeup/internal/budget"
)

// balanceItem is both keys of the one item of the balance.
const balanceItem = "balance"

// Balance reads the balance of the account at the provider as it was last kept, and its
// version, which PutBalance takes. Both are empty where there is none. The read is
// consistent. The error is a *video.ServiceUnavailable.
func (t *Table) Balance(ctx context.Context) (budget.Balance, string, error) {
	const doing = "reading the balance"
	items, err := t.query(ctx, balanceItem, balanceItem)
	if err != nil {
		return budget.Balance{}, "", unavailable(doing, err)
	}
	if len(items) == 0 {
		return budget.Balance{}, "", nil
	}
	r := reader{attributes: items[0]}
	b, version := budget.Balance{Micros: r.number("micros"), At: r.time("at")}, r.number(versionName)
	if r.err != nil {
		return budget.Balance{}, "", unavailable(doing, fmt.Errorf("the item can't be read: %w", r.err))
	}
	return b, strconv.FormatInt(version, 10), nil
}

// PutBalance replaces the version that was read, and gives a *video.Conflict where
// another was first. On any other error it may have been written.
func (t *Table) PutBalance(ctx context.Context, b budget.Balance, version string) error {
	item := attributes{}
	item.putNumber("micros", b.Micros)
	item.putTime("at", b.At)
	return t.put(ctx, balanceItem, balanceItem, item, version, "writing the balance")
}
