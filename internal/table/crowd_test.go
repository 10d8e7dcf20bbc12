package table_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/takeup/takeup/internal/budget"
	"github.com/takeup/takeup/internal/operator"
	"github.com/takeup/takeup/internal/table"
	"github.com/takeup/takeup/internal/table/counter"
	"github.com/takeup/takeup/internal/table/dynamotest"
	"github.com/takeup/takeup/internal/video"
)

// slow is a table whose transactions take time. Like DynamoDB, it cancels a transaction that
// writes an item that another one is writing.
type slow struct {
	dynamotest.Items
	takes time.Duration

	mu        sync.Mutex
	busy      map[string]bool // items being written, by partition and sort key
	conflicts int
}

func (s *slow) TransactWriteItems(ctx context.Context, in *dynamodb.TransactWriteItemsInput, options ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error) {
	var written []string
	reasons, conflict := make([]types.CancellationReason, len(in.TransactItems)), false
	s.mu.Lock()
	for i, item := range in.TransactItems {
		none, code := "None", "TransactionConflict"
		reasons[i].Code = &none
		var key string
		switch {
		case item.Put != nil:
			key = fmt.Sprint(item.Put.Item["pk"], item.Put.Item["sk"])
		case item.Update != nil:
			key = fmt.Sprint(item.Update.Key["pk"], item.Update.Key["sk"])
		default:
			continue // two transactions may check the same item at the same time
		}
		if written = append(written, key); s.busy[key] {
			conflict, reasons[i].Code = true, &code
		}
	}
	if conflict {
		s.conflicts++
		s.mu.Unlock()
		time.Sleep(s.takes / 3)
		return nil, &types.TransactionCanceledException{CancellationReasons: reasons}
	}
	for _, key := range written {
		s.busy[key] = true
	}
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, key := range written {
			delete(s.busy, key)
		}
	}()
	time.Sleep(s.takes)
	return s.Items.TransactWriteItems(ctx, in, options...)
}

// TestClaimsASecond runs many concurrent claims, which all write one counter, and logs how many
// succeed per second.
func TestClaimsASecond(t *testing.T) {
	for _, many := range []int{1, 10, 60, 100} {
		for _, takes := range []time.Duration{10 * time.Millisecond, 30 * time.Millisecond} {
			synctest.Test(t, func(t *testing.T) {
				items := &slow{takes: takes, busy: map[string]bool{}}
				var mu sync.Mutex
				random := rand.New(rand.NewPCG(1, 2))
				jitter := func(d time.Duration) time.Duration {
					mu.Lock()
					defer mu.Unlock()
					return time.Duration(random.Int64N(int64(d)))
				}
				mark := marks()
				c := table.New(items, "jobs", func() string { mu.Lock(); defer mu.Unlock(); return mark() }, jitter)
				if err := c.PutControl(t.Context(), operator.Control{Table: "jobs"}, ""); err != nil {
					t.Fatal(err)
				}
				for n := range many {
					create(t, c, fmt.Sprint("job-", n))
				}
				items.conflicts = 0
				began, failed := time.Now(), 0
				var group sync.WaitGroup
				for n := range many {
					group.Go(func() {
						entry, version, err := c.Get(t.Context(), fmt.Sprint("job-", n))
						if err == nil {
							_, _, err = c.Claim(t.Context(), claimed(entry, 1, evening), version, budget.Limits{DayMicros: 1000, InFlight: 1000})
						}
						var unavailable *video.ServiceUnavailable
						mu.Lock()
						defer mu.Unlock()
						if errors.As(err, &unavailable) {
							failed++ // the state machine retries it
						} else if err != nil {
							t.Error(err)
						}
					})
				}
				group.Wait()
				took := time.Since(began)
				t.Logf("%d jobs, transactions of %s: %.1f claims a second, the last after %s, %d conflicts, %d not within their time",
					many, takes, float64(many-failed)/took.Seconds(), took.Round(time.Millisecond), items.conflicts, failed)
				wantMonth(t, c, "2026-08", counter.Sums{Held: int64(many - failed), Reserved: int64(many - failed), InFlight: int64(many - failed)})
			})
		}
	}
}
