package table

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/takeup/takeup/internal/video"
)

// sweepPartition has one item, of the same sort key: the position of the last sweep.
const sweepPartition = "sweep"

// Unfinished is a job without an outcome.
type Unfinished struct {
	ID    string
	Place string // sorts the jobs by when they were created
}

// Unfinished gives the jobs without an outcome, the oldest first. The index is eventually
// consistent: a job that was just created may be missing, and one that has just ended may be
// among them. The error is a *video.ServiceUnavailable; what was read before it is given too.
func (t *Table) Unfinished(ctx context.Context) ([]Unfinished, error) {
	var all []Unfinished
	var err error
	for _, state := range video.States() {
		if state.Ended() {
			continue
		}
		pages := dynamodb.NewQueryPaginator(t.client, &dynamodb.QueryInput{
			TableName: &t.name, IndexName: aws.String(byStatus),
			KeyConditionExpression:    aws.String("#status = :status"),
			ExpressionAttributeNames:  map[string]string{"#status": statusName},
			ExpressionAttributeValues: map[string]types.AttributeValue{":status": text(string(state))},
		})
		for pages.HasMorePages() {
			page, failed := pages.NextPage(ctx)
			if failed != nil {
				err = unavailable("listing the jobs", failed)
				break
			}
			for _, item := range page.Items {
				r := reader{attributes: item}
				if one := (Unfinished{ID: r.text("id"), Place: r.text(placeName)}); video.ValidID(one.ID) {
					all = append(all, one)
				}
			}
		}
	}
	slices.SortFunc(all, func(a, b Unfinished) int { return strings.Compare(a.Place, b.Place) })
	return all, err
}

// SweptTo gives the place of the last job that was examined by the last sweep that ran out
// of time, and the version that PutSweptTo takes. Both are empty where there was none. The error is a *video.ServiceUnavailable.
func (t *Table) SweptTo(ctx context.Context) (place, version string, err error) {
	items, err := t.query(ctx, sweepPartition, sweepPartition)
	if err != nil {
		return "", "", unavailable("reading how far the last sweep got", err)
	}
	if len(items) == 0 {
		return "", "", nil
	}
	r := reader{attributes: items[0]}
	place, number := r.text("swept_to"), r.number(versionName)
	if r.err != nil {
		return "", "", unavailable("reading how far the last sweep got", r.err)
	}
	return place, strconv.FormatInt(number, 10), nil
}

// PutSweptTo replaces the version that was read, and gives a *video.Conflict where
// another sweep was first. On any other error it may have been written.
func (t *Table) PutSweptTo(ctx context.Context, place, version string) error {
	item := attributes{}
	item.put("swept_to", place)
	return t.put(ctx, sweepPartition, sweepPartition, item, version, "writing how far the sweep got")
}
