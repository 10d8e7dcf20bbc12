package record

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/takeup/takeup/internal/table/dynamo"
)

// watchPartition has one item, whose sort key is the same: what the last watch saw.
const watchPartition = "watch"

// Watched is what the last watch saw that could read everything.
type Watched struct {
	At       time.Time
	Findings int // what was paid and is not stored
	Stuck    int // jobs that should have moved
}

// Watched returns what the last watch saw, or the zero Watched if there was none. The error is a
// *video.ServiceUnavailable.
func (rs *Records) Watched(ctx context.Context) (Watched, error) {
	items, err := rs.store.Query(ctx, watchPartition, watchPartition)
	if err != nil || len(items) == 0 {
		return Watched{}, unavailable("reading the last watch", err)
	}
	r := dynamo.Reader{Attributes: items[0]}
	w := Watched{At: r.Time("at"), Findings: int(r.Number("findings")), Stuck: int(r.Number("stuck"))}
	return w, unavailable("reading the last watch", r.Err)
}

// PutWatched replaces what the last watch saw. The error is a *video.ServiceUnavailable.
func (rs *Records) PutWatched(ctx context.Context, w Watched) error {
	item := dynamo.Attributes{}
	item.Put(dynamo.PartitionKey, watchPartition)
	item.Put(dynamo.SortKey, watchPartition)
	item.PutTime("at", w.At)
	item.PutNumber("findings", int64(w.Findings))
	item.PutNumber("stuck", int64(w.Stuck))
	_, err := rs.store.Client.PutItem(ctx, &dynamodb.PutItemInput{TableName: &rs.store.Name, Item: item})
	return unavailable("writing what the watch saw", err)
}
