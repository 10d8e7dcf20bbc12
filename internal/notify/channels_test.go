package notify_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/takeup/takeup/internal/notify"
)

// channel answers every event with one error, and counts them.
type channel struct {
	err  error
	sent int
}

func (c *channel) Put(_ context.Context, events []notify.Event) []error {
	c.sent += len(events)
	errs := make([]error, len(events))
	for i := range errs {
		errs[i] = c.err
	}
	return errs
}

// An event is sent by every channel, whatever the others do, until each has taken it or never will.
func TestChannels(t *testing.T) {
	passes, stays := errors.New("503"), &notify.Refused{Channel: "the channel", Reason: "no"}
	for name, test := range map[string]struct {
		first, second error
		kept, queued  int
	}{
		"both take it":                    {nil, nil, 0, 0},
		"the first fails":                 {passes, nil, 1, 0},
		"the second fails":                {nil, passes, 1, 0},
		"one refuses it":                  {stays, nil, 0, 1},
		"one refuses it, one fails":       {stays, passes, 1, 0},
		"one fails, the other refuses it": {passes, stays, 1, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				first, second := &channel{err: test.first}, &channel{err: test.second}
				w.outbox.Channels = []notify.Channel{first, second}
				w.create("a", boat, failed)
				w.stream(w.waiting()...)
				if first.sent != 1 || second.sent != 1 || len(w.waiting()) != test.kept || len(w.queue) != test.queued {
					t.Errorf("sent %d and %d, waiting %q, queue %v", first.sent, second.sent, w.waiting(), w.queue)
				}
				first.err, second.err = nil, nil
				time.Sleep(3 * time.Minute)
				w.sweep()
				if len(w.waiting()) > 0 || first.sent != 1+test.kept || second.sent != 1+test.kept {
					t.Errorf("then sent %d and %d, waiting %q", first.sent, second.sent, w.waiting())
				}
			})
		})
	}
}

// later is a channel that puts off what it sends.
type later struct {
	channel
	swept int
	err   error
}

func (l *later) Sweep(context.Context) error {
	l.swept++
	return l.err
}

// A sweep has the channels send what they put off, though the outbox is empty or unreadable, and
// reports what fails.
func TestSweepsChannels(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		w := newWorld(t)
		l := &later{err: errors.New("the table is down")}
		w.outbox.Channels, w.outbox.Log = []notify.Channel{&channel{}, l}, slog.New(slog.NewJSONHandler(&log, nil))
		w.stream()
		w.sweep()
		if l.swept != 1 || !strings.Contains(log.String(), "the table is down") {
			t.Errorf("swept %d times: %s", l.swept, &log)
		}
	})
}
