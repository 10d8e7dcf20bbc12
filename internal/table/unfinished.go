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

// sweepPartition has one item, whose sort key is the same: the position of the last sweep.
const sweepPartition = "sweep"

// Unfinished is a job without an outcome.
type Unfinished struct {
	ID    string
	Place string // sorts the jobs by creation
}

// Unfinished returns the jobs without an outcome, oldest first. The index is eventually
// consistent: a job that was just created may be missing, and one that has just ended may be
// among them. The error is a *video.ServiceUnavailable; the jobs that were read before it are
// returned too.
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

// SweptTo returns the place of the last job that was examined by the last sweep that ran out of
// time, and the version for PutSweptTo. Both are empty if there is none. The error is a
// *video.ServiceUnavailable.
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

// PutSweptTo replaces the version that was read. It returns a *video.Conflict if another sweep
// was first. After any other error the place may have been written.
func (t *Table) PutSweptTo(ctx context.Context, place, version string) error {
	item := attributes{}
	item.put("swept_to", place)
	return t.put(ctx, sweepPartition, sweepPartition, item, version, "writing how far the sweep got")
}
