package table

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/takeup/takeup/internal/schedule"
)

// timesPartition is the partition of the learned times.
const timesPartition = "times"

// longestTime is the longest time that is believed: a generation of a week.
const longestTime = 7 * 24 * time.Hour

// learned is the item of a model and length: how long the last generations took,
// oldest first. A generation is two numbers, the seconds after which it had not
// ended and by which it had.
type learned struct {
	Partition string      `dynamodbav:"pk"`
	Sort      string      `dynamodbav:"sk"`
	Version   int64       `dynamodbav:"version"`
	Mark      string      `dynamodbav:"mark"`
	Seen      [][]float64 `dynamodbav:"seen"`
}

func timesSort(model string, duration int) string { return model + "#" + strconv.Itoa(duration) }

// Times reads what was seen of a model's generations of so many seconds, oldest
// first, and the version that PutTimes takes. Both are empty where nothing was.
// What is not a time is left out.
func (t *Table) Times(ctx context.Context, model string, duration int) ([]schedule.Seen, string, error) {
	items, err := t.query(ctx, timesPartition, timesSort(model, duration))
	if err != nil {
		return nil, "", unavailable("reading the learned times", err)
	}
	if len(items) == 0 {
		return nil, "", nil
	}
	version := ""
	if n, ok := items[0][versionName].(*types.AttributeValueMemberN); ok {
		version = n.Value
	}
	var pairs [][]float64
	if attributevalue.Unmarshal(items[0]["seen"], &pairs) != nil {
		return nil, version, nil // it is written over
	}
	return seenOf(pairs), version, nil
}

// seenOf reads the pairs of an item.
func seenOf(pairs [][]float64) []schedule.Seen {
	var seen []schedule.Seen
	for _, pair := range pairs {
		if len(pair) != 2 {
			continue
		}
		after, by := pair[0], pair[1]
		if after >= 0 && by > 0 && after <= by && by <= longestTime.Seconds() {
			seen = append(seen, schedule.Seen{After: duration(after), By: duration(by)})
		}
	}
	return seen
}

// PutTimes replaces the version that was read, and gives a *video.Conflict where
// another was first. On any other error it may have been written.
func (t *Table) PutTimes(ctx context.Context, model string, duration int, seen []schedule.Seen, version string) error {
	number, err := next(version)
	if err != nil {
		return err
	}
	item := learned{Partition: timesPartition, Sort: timesSort(model, duration), Version: number, Mark: t.mark()}
	for _, s := range seen {
		item.Seen = append(item.Seen, []float64{seconds(s.After), seconds(s.By)})
	}
	attributes, err := attributevalue.MarshalMap(item)
	if err != nil {
		return fmt.Errorf("table: encoding the times of %s: %w", model, err)
	}
	return t.put(ctx, item.Mark, attributes, version, "writing the learned times")
}

// seconds to the tenth: looks are further apart.
func seconds(d time.Duration) float64 { return d.Round(100 * time.Millisecond).Seconds() }

func duration(seconds float64) time.Duration { return time.Duration(seconds * float64(time.Second)) }
