package table

import (
	"context"
	"fmt"
	"strconv"

	"github.com/takeup/takeup/internal/budget"
)

// balanceItem is both the partition key and the sort key of the balance, which is one item.
const balanceItem = "balance"

// Balance reads the last recorded balance of the account at the provider, and its version for
// PutBalance. Both are empty if there is none. The read is consistent. The error is a
// *video.ServiceUnavailable.
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

// PutBalance replaces the version that was read. It returns a *video.Conflict if another writer
// was first. After any other error the balance may have been written.
func (t *Table) PutBalance(ctx context.Context, b budget.Balance, version string) error {
	item := attributes{}
	item.putNumber("micros", b.Micros)
	item.putTime("at", b.At)
	return t.put(ctx, balanceItem, balanceItem, item, version, "writing the balance")
}
