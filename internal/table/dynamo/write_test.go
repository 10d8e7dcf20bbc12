package dynamo_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/takeup/takeup/internal/table/dynamo"
)

// The mark of the item that comes with a failed condition tells whose write it was, and a write
// that collides with another is tried again.
func TestWrite(t *testing.T) {
	condition := func(mark string) error {
		return &types.ConditionalCheckFailedException{Item: map[string]types.AttributeValue{dynamo.MarkName: dynamo.Text(mark)}}
	}
	cancelled := func(mark string, codes ...string) error {
		e := &types.TransactionCanceledException{}
		for _, code := range codes {
			e.CancellationReasons = append(e.CancellationReasons, types.CancellationReason{Code: &code, Item: map[string]types.AttributeValue{dynamo.MarkName: dynamo.Text(mark)}})
		}
		return e
	}
	const failed, collided = "ConditionalCheckFailed", "TransactionConflict"
	for name, test := range map[string]struct {
		answers []error
		want    dynamo.Fate
	}{
		"written":                           {[]error{nil}, dynamo.Written},
		"written by a retry of the SDK's":   {[]error{condition("mine")}, dynamo.Written},
		"another's":                         {[]error{condition("another's")}, dynamo.Refused},
		"nothing to replace":                {[]error{&types.ConditionalCheckFailedException{}}, dynamo.Refused},
		"after a conflict":                  {[]error{&types.TransactionConflictException{}, &types.TransactionInProgressException{}, nil}, dynamo.Written},
		"after a cancelled transaction":     {[]error{cancelled("", "None", collided), nil}, dynamo.Written},
		"another item's condition":          {[]error{cancelled("", "None", failed)}, dynamo.Barred},
		"a condition beside a conflict":     {[]error{cancelled("", "None", failed, collided)}, dynamo.Barred},
		"own transaction, whatever follows": {[]error{cancelled("mine", failed, failed)}, dynamo.Written},
	} {
		synctest.Test(t, func(t *testing.T) {
			store := dynamo.Store{Jitter: func(time.Duration) time.Duration { return 0 }}
			tries := 0
			fate, err := store.Write(t.Context(), "mine", func(context.Context) error {
				tries++
				return test.answers[tries-1]
			})
			if fate != test.want || tries != len(test.answers) {
				t.Errorf("%s: %v after %d tries, %v", name, fate, tries, err)
			}
		})
	}
	synctest.Test(t, func(t *testing.T) {
		store := dynamo.Store{Jitter: func(time.Duration) time.Duration { return 0 }}
		lost := errors.New("no answer")
		if fate, err := store.Write(t.Context(), "mine", func(context.Context) error { return lost }); fate == dynamo.Written || fate == dynamo.Refused || fate == dynamo.Barred || err != lost {
			t.Errorf("without an answer: %v, %v", fate, err)
		}
	})
}
