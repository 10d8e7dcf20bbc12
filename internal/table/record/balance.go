package record

import (
	"context"
	"fmt"
	"strconv"

	"github.com/takeup/takeup/internal/budget"
	"github.com/takeup/takeup/internal/table/dynamo"
)

// balanceItem is both the partition key and the sort key of the balance, which is one item.
const balanceItem = "balance"

// Balance reads the last recorded balance of the account at the provider, and its version for
// PutBalance. Both are empty if there is none. The read is consistent. The error is a
// *video.ServiceUnavailable.
func (rs *Records) Balance(ctx context.Context) (budget.Balance, string, error) {
	const doing = "reading the balance"
	items, err := rs.store.Query(ctx, balanceItem, balanceItem)
	if err != nil {
		return budget.Balance{}, "", dynamo.Unavailable(doing, err)
	}
	if len(items) == 0 {
		return budget.Balance{}, "", nil
	}
	r := dynamo.Reader{Attributes: items[0]}
	b, version := budget.Balance{Micros: r.Number("micros"), At: r.Time("at")}, r.Number(dynamo.VersionName)
	if r.Err != nil {
		return budget.Balance{}, "", dynamo.Unavailable(doing, fmt.Errorf("the item can't be read: %w", r.Err))
	}
	return b, strconv.FormatInt(version, 10), nil
}

// PutBalance replaces the version that was read. It returns a *video.Conflict if another writer
// was first. After any other error the balance may have been written.
func (rs *Records) PutBalance(ctx context.Context, b budget.Balance, version string) error {
	item := dynamo.Attributes{}
	item.PutNumber("micros", b.Micros)
	item.PutTime("at", b.At)
	return rs.store.Put(ctx, balanceItem, balanceItem, item, version, "writing the balance")
}
