package record_test

import (
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/takeup/takeup/internal/table/dynamo"
	"github.com/takeup/takeup/internal/table/dynamotest"
	"github.com/takeup/takeup/internal/table/record"
	"github.com/takeup/takeup/internal/video"
)

// records returns the records of a table, with marks that count up and no jitter.
func records(client dynamo.Client) *record.Records {
	var n atomic.Int64
	return record.New(&dynamo.Store{
		Client: client, Name: "jobs",
		Mark:   func() string { return fmt.Sprintf("mark-%d", n.Add(1)) },
		Jitter: func(time.Duration) time.Duration { return 0 },
	})
}

func open(fake *dynamotest.Server) *record.Records { return records(fake.Client()) }

func wantConflict(t *testing.T, err error) {
	t.Helper()
	var conflict *video.Conflict
	if !errors.As(err, &conflict) {
		t.Errorf("got %v, want a conflict", err)
	}
}

func wantUnavailable(t *testing.T, err error) {
	t.Helper()
	if _, ok := err.(*video.ServiceUnavailable); !ok {
		t.Errorf("got %v, want ServiceUnavailable, outermost", err)
	}
}
