package mail_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/takeup/takeup/internal/table/dynamotest"
)

// down is a table that doesn't answer.
type down struct{ *dynamotest.Items }

func (down) Query(context.Context, *dynamodb.QueryInput, ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error) {
	return nil, errors.New("no answer")
}

// dying is a table that a process doesn't reach from its nth write on.
type dying struct {
	*dynamotest.Items
	writes int
}

func (d *dying) PutItem(ctx context.Context, in *dynamodb.PutItemInput, options ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	if d.writes--; d.writes < 0 {
		return nil, errors.New("the process has ended")
	}
	return d.Items.PutItem(ctx, in, options...)
}

// A process that ends between a mail and the record of it makes the mail come again, with what came
// meanwhile. It loses none.
func TestEndedBeforeTheRecord(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		alive := w.mail
		w.mail = w.process(&dying{Items: w.table, writes: 1})
		w.tell(ended("a")...)
		w.want("by the process that ended", "a")
		w.mail = alive
		w.tell(ended("b")...)
		w.want("within its lease")
		w.sweep(5 * time.Minute)
		w.want("by the next", "a b")
		w.sweep(time.Hour)
		w.want("then")
	})
}

// A process that ends before the mail makes it come later.
func TestEndedBeforeTheMail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.publish = func() error { return errors.New("the process has ended") }
		w.tell(ended("a")...)
		w.publish = nil
		w.tell(ended("b")...)
		w.want("within its lease")
		w.sweep(5 * time.Minute)
		w.want("by the next", "a b")
	})
}

// While one process sends a mail, another sends none, and what it was told is in the next mail.
func TestTwoProcesses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		first, second := w.mail, w.process(w.table)
		w.publish = func() error {
			w.publish, w.mail = nil, second
			w.tell(ended("b")...)
			if err := second.Sweep(t.Context()); err != nil {
				t.Error(err)
			}
			w.mail = first
			return nil
		}
		w.tell(ended("a")...)
		w.want("at once", "a")
		w.sweep(15 * time.Minute)
		w.want("after a quarter of an hour", "b")
	})
}

// Many processes at once mail everything once, and one mail in a quarter of an hour.
func TestManyProcesses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		var all sync.WaitGroup
		for n := range 8 {
			process := w.process(w.table)
			all.Go(func() {
				for k := range 5 {
					for _, err := range process.Put(t.Context(), ended(fmt.Sprintf("job-%d-%d", n, k), "shared")) {
						if err != nil {
							t.Error(err)
						}
					}
				}
			})
		}
		all.Wait()
		first := w.got()
		w.sweep(15 * time.Minute)
		mails := append(first, w.got()...)
		jobs := strings.Fields(strings.Join(mails, " "))
		slices.Sort(jobs)
		if len(first) != 1 || len(mails) != 2 || len(jobs) != 41 || len(slices.Compact(jobs)) != 41 {
			t.Errorf("the mails are %q", mails)
		}
	})
}
