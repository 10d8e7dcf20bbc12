package record

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/takeup/takeup/internal/price"
	"github.com/takeup/takeup/internal/table/dynamo"
)

// The keys of the price list, which is one item.
const (
	pricesPartition = "prices"
	pricesItem      = "list"
)

// maxPrices limits the price list as JSON, in bytes. An item of DynamoDB has at most 400 KB.
const maxPrices = 300_000

// PriceList reads the price list, and its version for PutPriceList. Both are empty if there is
// none. The read is consistent. The error is a *video.ServiceUnavailable.
func (rs *Records) PriceList(ctx context.Context) (price.List, string, error) {
	const doing = "reading the price list"
	items, err := rs.store.Query(ctx, pricesPartition, pricesItem)
	if err != nil {
		return price.List{}, "", dynamo.Unavailable(doing, err)
	}
	if len(items) == 0 {
		return price.List{}, "", nil
	}
	r := dynamo.Reader{Attributes: items[0]}
	var list price.List
	version, body := r.Number(dynamo.VersionName), r.Text("prices")
	if r.Err == nil {
		r.Err = json.Unmarshal([]byte(body), &list)
	}
	if r.Err != nil {
		return price.List{}, "", dynamo.Unavailable(doing, fmt.Errorf("the item can't be read: %w", r.Err))
	}
	return list, strconv.FormatInt(version, 10), nil
}

// PutPriceList replaces the version that was read. It returns a *video.Conflict if another
// writer was first. After any other error the list may have been written.
func (rs *Records) PutPriceList(ctx context.Context, list price.List, version string) error {
	body, err := json.Marshal(list)
	switch {
	case err != nil:
		return fmt.Errorf("table: encoding the price list: %w", err)
	case len(body) > maxPrices:
		return fmt.Errorf("the price list has %d bytes for the models here; at most %d are kept", len(body), maxPrices)
	}
	item := dynamo.Attributes{}
	item.Put("prices", string(body))
	return rs.store.Put(ctx, pricesPartition, pricesItem, item, version, "writing the price list")
}
