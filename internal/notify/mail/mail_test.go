package mail_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sns"

	"github.com/takeup/takeup/internal/notify"
	"github.com/takeup/takeup/internal/notify/mail"
	"github.com/takeup/takeup/internal/table/digest"
	"github.com/takeup/takeup/internal/table/dynamo"
	"github.com/takeup/takeup/internal/table/dynamotest"
	"github.com/takeup/takeup/internal/video"
)

// world is a table, a topic, and mails about what happens. A test in a bubble of synctest sets its
// time.
type world struct {
	t     *testing.T
	table *dynamotest.Items
	mail  *mail.Mail

	mu    sync.Mutex
	mails []string // subjects and texts
	// publish is what the topic does with a mail; nil takes it.
	publish func() error
}

func newWorld(t *testing.T) *world {
	w := &world{t: t, table: &dynamotest.Items{}}
	w.mail = w.process(w.table)
	return w
}

// process returns the Mail of another process.
func (w *world) process(client dynamo.Client) *mail.Mail {
	var mu sync.Mutex
	marks := 0
	store := &dynamo.Store{
		Client: client, Name: "jobs", Jitter: func(time.Duration) time.Duration { return 0 },
		Mark: func() string {
			mu.Lock()
			defer mu.Unlock()
			marks++
			return fmt.Sprintf("%p-%d", &mu, marks)
		},
	}
	return mail.New(store, mail.SNS{Client: w, ARN: "arn:aws:sns:eu-north-1:123456789012:told"}, mail.Attention, "takeup", slog.New(slog.NewJSONHandler(io.Discard, nil)))
}

// Publish implements mail.SNSClient.
func (w *world) Publish(_ context.Context, in *sns.PublishInput, _ ...func(*sns.Options)) (*sns.PublishOutput, error) {
	if *in.TopicArn != "arn:aws:sns:eu-north-1:123456789012:told" {
		w.t.Errorf("the topic is %s", *in.TopicArn)
	}
	w.mu.Lock()
	publish := w.publish
	w.mu.Unlock()
	if publish != nil {
		if err := publish(); err != nil {
			return nil, err
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.mails = append(w.mails, *in.Subject+"\n"+*in.Message)
	return &sns.PublishOutput{}, nil
}

// ended returns events of jobs that ended for lack of credits.
func ended(jobs ...string) (events []notify.Event) {
	for _, job := range jobs {
		events = append(events, notify.Event{ID: job + ".1", Type: notify.VideoEnded, About: &notify.Video{
			ID: job + ".1", VideoID: job, Outcome: &notify.Outcome{Name: "OutOfCredits", Paid: video.PaidNo},
		}})
	}
	return events
}

// tell tells events, and fails the test unless all are taken.
func (w *world) tell(events ...notify.Event) {
	w.t.Helper()
	for i, err := range w.mail.Put(w.t.Context(), events) {
		if err != nil {
			w.t.Errorf("%s: %v", events[i].ID, err)
		}
	}
}

// sweep sweeps once in five minutes, for some time.
func (w *world) sweep(during time.Duration) {
	w.t.Helper()
	for range during / (5 * time.Minute) {
		time.Sleep(5 * time.Minute)
		if err := w.mail.Sweep(w.t.Context()); err != nil {
			w.t.Error(err)
		}
	}
}

// got returns the jobs in each mail since the last call.
func (w *world) got() (mails []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, text := range w.mails {
		var jobs []string
		for line := range strings.Lines(text) {
			if job, ok := strings.CutPrefix(line, "- "); ok {
				jobs = append(jobs, strings.TrimSpace(job))
			}
		}
		mails = append(mails, strings.Join(jobs, " "))
	}
	w.mails = nil
	return mails
}

func (w *world) want(when string, mails ...string) {
	w.t.Helper()
	if got := w.got(); !slices.Equal(got, mails) {
		w.t.Errorf("%s: the mails are %q, want %q", when, got, mails)
	}
}

// A mail comes at once, and what follows in one mail when a quarter of an hour is over.
func TestQuarter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.tell(ended("a")...)
		w.want("at once", "a")
		w.tell(ended("b")...)
		w.tell(ended("c", "d")...)
		w.tell(ended("a", "c")...) // told again
		w.sweep(10 * time.Minute)
		w.want("after ten minutes")
		w.sweep(5 * time.Minute)
		w.want("after a quarter of an hour", "b c d")
		w.tell(ended("a", "b", "c", "d")...)
		w.sweep(time.Hour)
		w.want("told again, after an hour")
		w.tell(ended("e")...)
		w.want("after an hour", "e")
	})
}

// Kinds don't wait for each other, and what isn't mailed is taken.
func TestKinds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		events := append(ended("a"), notify.Event{ID: "b.1", About: &notify.Video{VideoID: "b"}}, notify.Event{ID: "c.1", About: &notify.Batch{BatchID: "c", Name: "c", Videos: notify.Videos{Failed: 1}}})
		w.tell(events...)
		w.want("at once", "a", "c  c: 0 stored, 1 failed, 0 cancelled")
	})
}

// More than a mail names are counted, and none is lost that comes while a mail is sent.
func TestMany(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.publish = func() error {
			w.publish = nil
			for n := range 7 * digest.Most {
				w.tell(ended(fmt.Sprint("later-", n))...)
			}
			return nil
		}
		w.tell(ended("a")...)
		w.want("at once", "a")
		w.sweep(15 * time.Minute)
		w.mu.Lock()
		if len(w.mails) != 1 || !strings.HasPrefix(w.mails[0], "Takeup takeup: more than 49 jobs ") || !strings.Contains(w.mails[0], "- later-0\n") || !strings.Contains(w.mails[0], "- and more") {
			t.Errorf("the mails are %q", w.mails)
		}
		w.mails = nil
		w.mu.Unlock()
		w.sweep(time.Hour)
		w.want("then")
	})
}

// A topic that refuses holds up nothing. It gets the mail once it accepts it.
func TestTopicRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		w := newWorld(t)
		w.mail.Log = slog.New(slog.NewJSONHandler(&log, nil))
		w.publish = func() error { return errors.New("AuthorizationError") }
		w.tell(ended("a")...)
		w.sweep(time.Hour)
		w.tell(ended("b")...)
		w.want("refused")
		if got := strings.Count(log.String(), `"level":"ERROR","msg":"mail","kind":"OutOfCredits"`); got < 12 {
			t.Errorf("%d lines of the log say so: %s", got, &log)
		}
		w.publish = nil
		w.sweep(5 * time.Minute)
		w.want("accepted", "a b")
	})
}

// While SNS doesn't answer, a mail is given up in time for the function to go on.
func TestTopicStalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, began := newWorld(t), time.Now()
		w.mail.Topic = stalled{}
		w.tell(ended("a")...)
		if took := time.Since(began); took > 20*time.Second {
			t.Errorf("it took %v", took)
		}
	})
}

type stalled struct{}

func (stalled) Publish(ctx context.Context, _, _ string) error {
	<-ctx.Done()
	return ctx.Err()
}

// An event that can't be noted isn't taken.
func TestTableRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.mail = w.process(down{})
		var unavailable *video.ServiceUnavailable
		if errs := w.mail.Put(t.Context(), ended("a", "b")); !errors.As(errs[0], &unavailable) || !errors.As(errs[1], &unavailable) {
			t.Errorf("%v", errs)
		}
		if err := w.mail.Sweep(t.Context()); !errors.As(err, &unavailable) {
			t.Error(err)
		}
		w.want("never")
	})
}
