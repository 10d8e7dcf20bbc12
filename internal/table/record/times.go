package record

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/takeup/takeup/internal/schedule"
	"github.com/takeup/takeup/internal/table/dynamo"
)

// timesPartition is the partition of the learned times.
const timesPartition = "times"

// longestTime is the longest plausible time of a generation: a week.
const longestTime = 7 * 24 * time.Hour

func timesSort(model string, duration int) string { return model + "#" + strconv.Itoa(duration) }

// Times reads the recorded times and charges of a model's generations, for a duration in
// seconds, and the version for PutTimes. Both are empty if there are none. Times omits values
// that are neither a time nor a charge.
func (rs *Records) Times(ctx context.Context, model string, duration int) (schedule.Past, string, error) {
	items, err := rs.store.Query(ctx, timesPartition, timesSort(model, duration))
	if err != nil {
		return schedule.Past{}, "", dynamo.Unavailable("reading the learned times", err)
	}
	if len(items) == 0 {
		return schedule.Past{}, "", nil
	}
	version := ""
	if n, ok := items[0][dynamo.VersionName].(*types.AttributeValueMemberN); ok {
		version = n.Value
	}
	return pastOf(items[0]), version, nil
}

func pastOf(item map[string]types.AttributeValue) schedule.Past {
	return schedule.Past{Seen: seenOf(item["seen"]), Charges: chargesOf(item["charges"])}
}

// chargesOf reads the charges of the last generations, in micro-dollars, oldest first.
func chargesOf(value types.AttributeValue) []int64 {
	list, _ := value.(*types.AttributeValueMemberL)
	if list == nil {
		return nil
	}
	var charges []int64
	for _, value := range list.Value {
		number, _ := value.(*types.AttributeValueMemberN)
		if number == nil {
			continue
		}
		if n, err := strconv.ParseInt(number.Value, 10, 64); err == nil && n > 0 {
			charges = append(charges, n)
		}
	}
	return charges
}

// AllTimes reads the times and charges of every kind of generation, oldest first, with one
// query: all models with all lengths take a tenth of what one query returns.
func (rs *Records) AllTimes(ctx context.Context) (map[schedule.Kind]schedule.Past, error) {
	items, err := rs.store.Query(ctx, timesPartition, "")
	if err != nil {
		return nil, dynamo.Unavailable("reading the learned times", err)
	}
	all := make(map[schedule.Kind]schedule.Past, len(items))
	for _, item := range items {
		r := dynamo.Reader{Attributes: item}
		sort := r.Text(dynamo.SortKey)
		at := strings.LastIndexByte(sort, '#')
		if duration, err := strconv.Atoi(sort[at+1:]); at >= 0 && err == nil {
			all[schedule.Kind{Model: sort[:at], Duration: duration}] = pastOf(item)
		}
	}
	return all, nil
}

// seenOf reads how long the last generations took, oldest first. A generation is two numbers:
// the seconds after which it was still running, and those by which it had ended. Any other value
// is overwritten later.
func seenOf(value types.AttributeValue) []schedule.Seen {
	list, _ := value.(*types.AttributeValueMemberL)
	if list == nil {
		return nil
	}
	var seen []schedule.Seen
	for _, value := range list.Value {
		pair, _ := value.(*types.AttributeValueMemberL)
		if pair == nil || len(pair.Value) != 2 {
			continue
		}
		after, ok := durationOf(pair.Value[0])
		by, also := durationOf(pair.Value[1])
		if ok && also && after >= 0 && by > 0 && after <= by {
			seen = append(seen, schedule.Seen{After: after, By: by})
		}
	}
	return seen
}

// durationOf reads a time in seconds, of at most longestTime.
func durationOf(value types.AttributeValue) (time.Duration, bool) {
	number, _ := value.(*types.AttributeValueMemberN)
	if number == nil {
		return 0, false
	}
	n, err := strconv.ParseFloat(number.Value, 64)
	return time.Duration(n * float64(time.Second)), err == nil && n <= longestTime.Seconds()
}

// secondsOf encodes seconds to one decimal place: polls are further apart.
func secondsOf(d time.Duration) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: strconv.FormatFloat(d.Round(100*time.Millisecond).Seconds(), 'f', -1, 64)}
}

// PutTimes replaces the version that was read. It returns a *video.Conflict if another writer
// was first. After any other error the times may have been written.
func (rs *Records) PutTimes(ctx context.Context, model string, duration int, past schedule.Past, version string) error {
	var pairs, charges []types.AttributeValue
	for _, s := range past.Seen {
		pairs = append(pairs, &types.AttributeValueMemberL{Value: []types.AttributeValue{secondsOf(s.After), secondsOf(s.By)}})
	}
	for _, charge := range past.Charges {
		charges = append(charges, &types.AttributeValueMemberN{Value: strconv.FormatInt(charge, 10)})
	}
	item := dynamo.Attributes{}
	item["seen"] = &types.AttributeValueMemberL{Value: pairs}
	item["charges"] = &types.AttributeValueMemberL{Value: charges}
	return rs.store.Put(ctx, timesPartition, timesSort(model, duration), item, version, "writing the learned times")
}
