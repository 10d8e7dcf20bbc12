package counter

import (
	"context"
	"maps"
	"slices"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/takeup/takeup/internal/table/dynamo"
	"github.com/takeup/takeup/internal/video"
)

// Tally is one item of the counters.
type Tally struct {
	Partition, Sort string
	Sums            map[string]int64 // by attribute, without those that are 0
	// Writes counts the writes of the item. If two reads have the same number, the item has not
	// changed between them.
	Writes int64
}

// Name identifies the item, for example "usage#2026-08 21#alice".
func (t Tally) Name() string { return t.Partition + " " + t.Sort }

// Tallies reads the counters of months such as 2026-08, and those of their days. The error is a
// *video.ServiceUnavailable.
func (book *Book) Tallies(ctx context.Context, months []string) ([]Tally, error) {
	var all []Tally
	for _, month := range months {
		items, err := book.usageOf(ctx, month)
		if err != nil {
			return nil, err
		}
		item, err := book.counters(ctx, month)
		if err != nil {
			return nil, err
		}
		if item != nil {
			items = append(items, item)
		}
		for _, item := range items {
			r := dynamo.Reader{Attributes: item}
			tally := Tally{Partition: r.Text(dynamo.PartitionKey), Sort: r.Text(dynamo.SortKey), Sums: map[string]int64{}, Writes: r.Number(writesName)}
			for name := range item {
				if name == dynamo.PartitionKey || name == dynamo.SortKey || name == writesName {
					continue
				}
				if n := r.Number(name); n != 0 {
					tally.Sums[name] = n
				}
			}
			if r.Err != nil {
				return nil, dynamo.Unavailable("reading the counters", r.Err)
			}
			all = append(all, tally)
		}
	}
	return all, nil
}

// Recount computes the counters of some months from all jobs. The tallies are sorted by name.
func Recount(entries map[string]video.Entry, months []string) []Tally {
	var b booking
	for _, entry := range entries {
		for _, m := range entry.Money {
			if slices.Contains(months, m.Month()) {
				b.add(entry, m, 1)
			}
		}
	}
	all := map[string]Tally{}
	for _, c := range b.counters {
		tally := Tally{Partition: c.partition, Sort: c.sort, Sums: map[string]int64{}}
		for _, a := range c.by {
			if a.by != 0 {
				tally.Sums[a.name] = a.by
			}
		}
		all[tally.Name()] = tally
	}
	var sorted []Tally
	for _, name := range slices.Sorted(maps.Keys(all)) {
		sorted = append(sorted, all[name])
	}
	return sorted
}

// Correct sets the sums of one item of the counters. It returns a *video.Conflict, and writes
// nothing, if the item has changed since it was read. Any other error is a
// *video.ServiceUnavailable, after which the item may have been written.
func (book *Book) Correct(ctx context.Context, read Tally, sums map[string]int64) error {
	c := counter{partition: read.Partition, sort: read.Sort}
	for _, name := range slices.Sorted(maps.Keys(sums)) {
		c.add(name, sums[name])
	}
	for _, name := range slices.Sorted(maps.Keys(read.Sums)) {
		c.add(name, -read.Sums[name])
	}
	update := book.count(c, nil)
	update.ExpressionAttributeNames["#read"] = writesName
	update.ConditionExpression = aws.String("attribute_not_exists(#read)")
	if read.Writes > 0 {
		update.ConditionExpression = aws.String("#read = :read")
		update.ExpressionAttributeValues[":read"] = &types.AttributeValueMemberN{Value: strconv.FormatInt(read.Writes, 10)}
	}
	mark := book.store.Mark()
	f, err := book.store.Write(ctx, mark, func(ctx context.Context) error {
		_, err := book.store.Client.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{
			ClientRequestToken: &mark, TransactItems: []types.TransactWriteItem{{Update: update}},
		})
		return err
	})
	switch f {
	case dynamo.Written:
		return nil
	case dynamo.Refused:
		return &video.Conflict{}
	}
	return dynamo.Unavailable("writing the counters", err)
}
