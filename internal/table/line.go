package table

import (
	"context"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/takeup/takeup/internal/budget"
	"github.com/takeup/takeup/internal/table/counter"
	"github.com/takeup/takeup/internal/table/dynamo"
	"github.com/takeup/takeup/internal/table/jobitem"
	"github.com/takeup/takeup/internal/video"
	"github.com/takeup/takeup/internal/video/report"
)

// byTurn is the index of the jobs that wait for room below a limit, sorted by their turns. It
// has no other jobs.
const byTurn = "by-turn"

// mostOlder limits the pages of older jobs that are read, of some thousand jobs each. A job
// behind that many is far from its turn.
const mostOlder = 3

// atOnce is how many of the oldest jobs may take free slots, each when it tries. So between two
// tries of a job, at most about twice as many younger ones are claimed.
const atOnce = 10

// Turn counts the older jobs that wait for room below a limit. It returns a *budget.NoRoom if
// they take all the free room, so that a claim of the entry must not be tried. The entry's last
// money is that of the attempt to claim. Turn returns a *operator.Paused if the table is paused,
// a *video.BatchCancelled if the entry's batch is cancelled, and a *video.ServiceUnavailable if
// the answer isn't known.
//
// Each older job counts at the price of this one. A younger job takes room only if there is
// enough for the older jobs that are due, too. The index is eventually consistent, so a younger
// job may be first for a few moments.
func (t *Table) Turn(ctx context.Context, entry video.Entry, limits budget.Limits, now time.Time) (budget.Line, error) {
	if err := t.batchTurn(ctx, entry); err != nil {
		return nil, err
	}
	older, err := t.older(ctx, entry)
	if err != nil {
		return nil, dynamo.Unavailable("counting the jobs that wait for room", err)
	}
	line := budget.Lines(older, entry.Origin.Token, now)
	if len(line) == 0 {
		return line, nil
	}
	control, _, limits, before, err := t.bounds(ctx, entry, limits, now)
	if err != nil {
		return nil, err
	}
	claimed := entry.Money[len(entry.Money)-1]
	counters, err := counter.Of(ctx, &t.sums, claimed, entry.Origin.Token, line[budget.LimitOwner] > 0)
	if err != nil {
		return nil, err
	}
	for _, limit := range []struct {
		name string
		is   budget.Limits
	}{
		{budget.LimitMonth, budget.Limits{MonthMicros: limits.MonthMicros}},
		{budget.LimitDay, budget.Limits{DayMicros: limits.DayMicros}},
		{budget.LimitOwner, budget.Limits{OwnerDayMicros: limits.OwnerDayMicros}},
		{budget.LimitInFlight, budget.Limits{InFlight: limits.InFlight}},
	} {
		ahead, behind, slots := line[limit.name], claimed, before
		if ahead == 0 {
			continue
		}
		// Count as if the older jobs were claimed already.
		if limit.name == budget.LimitInFlight {
			slots += int64(ahead)
			if ahead >= atOnce {
				slots = max(slots, limits.InFlight)
			}
		} else {
			behind.Micros += int64(ahead) * claimed.Micros
		}
		last := entry
		last.Money = []budget.Money{behind}
		var full *budget.NoRoom
		if err := counter.NoRoom(counters, last, limit.is, slots); errors.As(err, &full) {
			full.Held, full.Ahead = full.Held-(slots-before), ahead
			if full.Price > 0 {
				full.Price = claimed.Micros
			}
			return line, withEnd(full, control, now)
		} else if err != nil {
			return nil, err
		}
	}
	return line, nil
}

// older reads the waiting jobs whose turn is before that of the entry.
func (t *Table) older(ctx context.Context, entry video.Entry) ([]budget.Waiter, error) {
	in := &dynamodb.QueryInput{
		TableName: &t.store.Name, IndexName: aws.String(byTurn),
		KeyConditionExpression: aws.String("#wait = :cap AND #turn < :turn"),
		ProjectionExpression:   aws.String("#full_of, #owner, #counted_until"),
		ExpressionAttributeNames: map[string]string{
			"#wait": jobitem.WaitName, "#turn": jobitem.TurnName, "#full_of": jobitem.FullOfName, "#owner": "owner", "#counted_until": jobitem.CountedUntilName,
		},
		ExpressionAttributeValues: map[string]types.AttributeValue{":cap": dynamo.Text(string(report.WaitCap)), ":turn": dynamo.Text(jobitem.Place(entry.Turn, entry.ID))},
	}
	var all []budget.Waiter
	for range mostOlder {
		out, err := t.store.Client.Query(ctx, in)
		if err != nil {
			return nil, err
		}
		for _, item := range out.Items {
			r := dynamo.Reader{Attributes: item}
			all = append(all, budget.Waiter{Limit: r.Text(jobitem.FullOfName), Owner: r.Text("owner"), CountedUntil: r.Time(jobitem.CountedUntilName)})
			if r.Err != nil {
				return nil, r.Err
			}
		}
		if in.ExclusiveStartKey = out.LastEvaluatedKey; out.LastEvaluatedKey == nil {
			break
		}
	}
	return all, nil
}
