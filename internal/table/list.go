package table

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/takeup/takeup/internal/table/dynamo"
	"github.com/takeup/takeup/internal/table/jobitem"
	"github.com/takeup/takeup/internal/video"
)

// The indexes, as named in template.yaml. They are sorted by place.
const (
	byDay    = "by-day"
	byStatus = "by-status"
	byBatch  = "by-batch" // only the jobs of batches
)

// daysPartition is the partition of the days that have jobs. Its sort keys are the days.
const daysPartition = "days"

// daysAtOnce is how many days one query looks up.
const daysAtOnce = 30

// mostReads limits the queries for one page. If they don't fill the page, it is short. That
// happens only with a filter that excludes most jobs.
const mostReads = 20

// PlaceAfter returns a place after all jobs that were created at that time or before.
func PlaceAfter(at time.Time) string { return jobitem.Place(at, "~") }

// PlaceBefore returns a place before all jobs that were created at that time or after.
func PlaceBefore(at time.Time) string { return jobitem.Place(at, "") }

// IsPlace reports whether s can be a place.
func IsPlace(s string) bool {
	at, _, ok := strings.Cut(s, "#")
	_, err := time.Parse(dynamo.TimeLayout, at)
	return ok && err == nil
}

// PlaceTime returns when the job at a place was created. It is zero if the text is no place.
func PlaceTime(place string) time.Time {
	text, _, _ := strings.Cut(place, "#")
	at, err := time.Parse(dynamo.TimeLayout, text)
	if err != nil {
		return time.Time{}
	}
	return at
}

// Listed is a job in a list: its entry, without the request and other fields that the indexes
// don't have.
type Listed struct {
	Entry video.Entry
	Brief video.Brief
	place string
}

// Place returns the position of the job among all jobs.
func (l Listed) Place() string { return l.place }

// Query selects the jobs of a list. An empty field filters nothing.
type Query struct {
	States []video.State
	Model  string
	Owner  string
	Batch  string
	// Metadata has pairs that the jobs must have.
	Metadata map[string]string
	After    string // a place; only jobs after it
	Before   string // a place; only jobs before it; required
	Limit    int    // most jobs to return; required
}

// List returns jobs, newest first. It also returns the place before which the next page begins,
// or "" if there are no more jobs.
//
// The jobs of one state, or of one batch, take one query. Those of all states take one query for each day, and
// another beyond the first day to find the days that have jobs. A filter by model, owner or metadata takes
// more queries, and may return fewer jobs than the limit although there are more. The indexes
// are eventually consistent. The error is a *video.ServiceUnavailable.
func (t *Table) List(ctx context.Context, q Query) (jobs []Listed, next string, err error) {
	l := listing{table: t, query: q, reads: mostReads}
	switch {
	case q.Batch != "":
		err = l.byBatch(ctx)
	case len(q.States) > 0:
		err = l.byState(ctx)
	default:
		err = l.byDay(ctx)
	}
	if err != nil {
		return nil, "", dynamo.Unavailable("listing the jobs", err)
	}
	if len(l.jobs) > q.Limit {
		l.jobs = l.jobs[:q.Limit]
		l.reached = l.jobs[q.Limit-1].place
	}
	return l.jobs, l.reached, nil
}

// listing is a List in progress. It reads one job more than it returns, to know whether there
// are more.
type listing struct {
	table   *Table
	query   Query
	reads   int // queries left
	jobs    []Listed
	reached string // all jobs from here on are read; "" means all jobs
}

func (l *listing) byState(ctx context.Context) error {
	for _, state := range l.query.States {
		jobs, reached, err := l.read(ctx, byStatus, jobitem.StatusName, string(state), l.query.Limit+1)
		if err != nil {
			return err
		}
		l.jobs, l.reached = append(l.jobs, jobs...), max(l.reached, reached)
	}
	l.jobs = slices.DeleteFunc(l.jobs, func(job Listed) bool { return job.place < l.reached })
	slices.SortFunc(l.jobs, func(a, b Listed) int { return strings.Compare(b.place, a.place) })
	return nil
}

func (l *listing) byDay(ctx context.Context) (err error) {
	first, limit := l.query.Before[:len(time.DateOnly)], l.query.Limit
	for days, all := []string{first}, false; len(days) > 0; {
		for _, day := range days {
			if day < l.query.After[:min(len(day), len(l.query.After))] {
				return nil
			}
			if l.reads <= 0 {
				l.reached = day + "T23:59:59.999999999Z#~"
				return nil
			}
			var jobs []Listed
			jobs, l.reached, err = l.read(ctx, byDay, jobitem.DayName, day, limit+1-len(l.jobs))
			if l.jobs = append(l.jobs, jobs...); err != nil || l.reached != "" {
				return err
			}
		}
		if all {
			return nil
		}
		if days, err = l.table.days(ctx, days[len(days)-1]); err != nil {
			return err
		}
		l.reads--
		if all = len(days) < daysAtOnce; len(l.jobs) == limit && len(days) > 0 && days[0] >= l.query.After[:min(len(days[0]), len(l.query.After))] {
			l.reached = l.jobs[limit-1].place
			return nil
		}
	}
	return nil
}

// read reads up to most jobs of one partition of an index. It returns the place that it reached.
func (l *listing) read(ctx context.Context, index, key, value string, most int) (jobs []Listed, reached string, err error) {
	in := &dynamodb.QueryInput{
		TableName: &l.table.store.Name, IndexName: &index, ScanIndexForward: aws.Bool(false),
		KeyConditionExpression:    aws.String("#key = :key AND #place < :before"),
		ExpressionAttributeNames:  map[string]string{"#key": key, "#place": jobitem.PlaceName},
		ExpressionAttributeValues: map[string]types.AttributeValue{":key": dynamo.Text(value), ":before": dynamo.Text(l.query.Before)},
	}
	if filters := l.query.filters(in); len(filters) == 0 && !l.query.sifted() {
		in.Limit = aws.Int32(int32(most))
	} else {
		in.FilterExpression = aws.String(strings.Join(filters, " AND "))
	}
	for {
		out, err := l.table.store.Client.Query(ctx, in)
		if err != nil {
			return nil, "", err
		}
		l.reads--
		for _, item := range out.Items {
			entry, brief, place, err := jobitem.DecodeListed(item)
			job := Listed{Entry: entry, Brief: brief, place: place}
			switch {
			case err != nil:
				return nil, "", err
			case job.place < l.query.After:
				return jobs, "", nil
			case l.query.sifted() && !slices.Contains(l.query.States, video.State(textOf(item, jobitem.StatusName))):
				continue
			}
			if jobs = append(jobs, job); len(jobs) == most {
				return jobs, job.place, nil
			}
		}
		if out.LastEvaluatedKey == nil {
			return jobs, "", nil
		}
		if in.ExclusiveStartKey = out.LastEvaluatedKey; l.reads <= 0 {
			last := dynamo.Reader{Attributes: out.LastEvaluatedKey}
			return jobs, last.Text(jobitem.PlaceName), last.Err
		}
	}
}

// filters returns the conditions on attributes that are not keys of the indexes, and adds their
// names and values to a query.
func (q Query) filters(in *dynamodb.QueryInput) (filters []string) {
	for _, f := range []struct{ name, value string }{{"model", q.Model}, {"owner", q.Owner}} {
		if f.value != "" {
			filters = append(filters, "#"+f.name+" = :"+f.name)
			in.ExpressionAttributeNames["#"+f.name], in.ExpressionAttributeValues[":"+f.name] = f.name, dynamo.Text(f.value)
		}
	}
	for i, pair := range jobitem.PairDigests(q.Metadata) {
		value := fmt.Sprintf(":pair%d", i)
		filters = append(filters, "contains(#pairs, "+value+")")
		in.ExpressionAttributeNames["#pairs"], in.ExpressionAttributeValues[value] = jobitem.PairsName, dynamo.Text(pair)
	}
	return filters
}

// days returns the days with jobs before a given day, latest first, and at most daysAtOnce of
// them.
func (t *Table) days(ctx context.Context, before string) ([]string, error) {
	out, err := t.store.Client.Query(ctx, &dynamodb.QueryInput{
		TableName: &t.store.Name, ScanIndexForward: aws.Bool(false), Limit: aws.Int32(daysAtOnce),
		KeyConditionExpression:    aws.String("#pk = :pk AND #sk < :before"),
		ExpressionAttributeNames:  map[string]string{"#pk": dynamo.PartitionKey, "#sk": dynamo.SortKey},
		ExpressionAttributeValues: map[string]types.AttributeValue{":pk": dynamo.Text(daysPartition), ":before": dynamo.Text(before)},
	})
	if err != nil {
		return nil, err
	}
	var days []string
	for _, item := range out.Items {
		r := dynamo.Reader{Attributes: item}
		days = append(days, r.Text(dynamo.SortKey))
	}
	return days, nil
}

// putDay records that a day has jobs, before the first one is created. A process does that once
// a day.
func (t *Table) putDay(ctx context.Context, at time.Time) error {
	day := jobitem.Day(at)
	t.mu.Lock()
	known := t.day == day
	t.mu.Unlock()
	if known {
		return nil
	}
	item := dynamo.Attributes{}
	item.Put(dynamo.PartitionKey, daysPartition)
	item.Put(dynamo.SortKey, day)
	if _, err := t.store.Client.PutItem(ctx, &dynamodb.PutItemInput{TableName: &t.store.Name, Item: item}); err != nil {
		return dynamo.Unavailable("writing that the day has jobs", err)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.day = day
	return nil
}
