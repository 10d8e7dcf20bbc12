package record

import (
	"context"
	"strconv"

	"github.com/takeup/takeup/internal/table/dynamo"
)

// sweepPartition has one item, whose sort key is the same: the position of the last sweep.
const sweepPartition = "sweep"

// SweptTo returns the place of the last job that was examined by the last sweep that ran out of
// time, and the version for PutSweptTo. Both are empty if there is none. The error is a
// *video.ServiceUnavailable.
func (rs *Records) SweptTo(ctx context.Context) (place, version string, err error) {
	items, err := rs.store.Query(ctx, sweepPartition, sweepPartition)
	if err != nil {
		return "", "", dynamo.Unavailable("reading how far the last sweep got", err)
	}
	if len(items) == 0 {
		return "", "", nil
	}
	r := dynamo.Reader{Attributes: items[0]}
	place, number := r.Text("swept_to"), r.Number(dynamo.VersionName)
	if r.Err != nil {
		return "", "", dynamo.Unavailable("reading how far the last sweep got", r.Err)
	}
	return place, strconv.FormatInt(number, 10), nil
}

// PutSweptTo replaces the version that was read. It returns a *video.Conflict if another sweep
// was first. After any other error the place may have been written.
func (rs *Records) PutSweptTo(ctx context.Context, place, version string) error {
	item := dynamo.Attributes{}
	item.Put("swept_to", place)
	return rs.store.Put(ctx, sweepPartition, sweepPartition, item, version, "writing how far the sweep got")
}
