package webhooks

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/takeup/takeup/internal/batch/record"
	"github.com/takeup/takeup/internal/metrics"
	"github.com/takeup/takeup/internal/notify"
	"github.com/takeup/takeup/internal/notify/webhook"
	"github.com/takeup/takeup/internal/notify/webhook/post"
	"github.com/takeup/takeup/internal/notify/webhook/sign"
	"github.com/takeup/takeup/internal/table"
	"github.com/takeup/takeup/internal/table/dynamotest"
	"github.com/takeup/takeup/internal/video"
	"github.com/takeup/takeup/internal/video/report"
	"github.com/takeup/takeup/internal/wait"
)

// What calls of AWS take within a region.
const (
	readTime  = 4 * time.Millisecond  // of DynamoDB
	writeTime = 6 * time.Millisecond  // of DynamoDB
	sendTime  = 10 * time.Millisecond // of SQS
)

// atOnce is how many events to the quick receiver the outbox sends by one call. With those to the
// slow one it sends ten, so that both measurements have the same pace.
const atOnce = 5

// bench is one measurement.
type bench struct {
	quick, slow *httptest.Server
	queues      *queues
	receivers   receivers

	mu   sync.Mutex
	told map[string]time.Time // when the event of a job was told
	late []time.Duration      // how long after that each webhook came to the quick receiver
	done chan struct{}        // closed when all have come
	want int
}

// measure tells the events of a lot of jobs, and waits until those of the quick receiver were
// delivered.
func measure(ctx context.Context, o Options, l limits, pace Pace, both bool) (Result, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	b := &bench{told: map[string]time.Time{}, done: make(chan struct{}), want: o.Webhooks, queues: newQueues()}
	b.quick = httptest.NewServer(http.HandlerFunc(b.receive))
	b.slow = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // the server notices only then that the sender has given up
		select {
		case <-r.Context().Done():
		case <-ctx.Done():
		case <-time.After(o.Slow):
		}
	}))
	defer b.quick.Close()
	defer b.slow.Close()
	defer cancel() // before the servers wait for their handlers
	var marks atomic.Int64
	b.receivers = receivers{table.New(&dynamotest.Items{}, "jobs", func() string { return fmt.Sprint("mark-", marks.Add(1)) }, func(d time.Duration) time.Duration { return d / 2 })}

	var functions sync.WaitGroup
	work := func(queue string, n int) {
		for range n {
			functions.Go(func() { b.work(ctx, queue) })
		}
	}
	var err error
	if pace == Backlog {
		err = b.tell(ctx, o, both)
		b.restart()
	}
	work(first, l.first)
	work(aside, l.aside)
	if pace == Told {
		err = b.tell(ctx, o, both)
	}
	if err == nil {
		select {
		case <-b.done:
		case <-ctx.Done():
			err = ctx.Err()
		case <-time.After(5 * time.Minute):
			err = fmt.Errorf("only %d of %d webhooks came to the quick receiver", len(b.late), b.want)
		}
	}
	cancel()
	functions.Wait()
	if err != nil {
		return Result{}, err
	}
	return resultOf(b.late), nil
}

// receive is the quick receiver.
func (b *bench) receive(_ http.ResponseWriter, r *http.Request) {
	now := time.Now()
	b.mu.Lock()
	defer b.mu.Unlock()
	id := r.Header.Get(sign.IDHeader)
	told, waiting := b.told[id]
	if !waiting {
		return // it came twice
	}
	delete(b.told, id)
	if b.late = append(b.late, now.Sub(told)); len(b.late) == b.want {
		close(b.done)
	}
}

// restart counts from now on.
func (b *bench) restart() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for id := range b.told {
		b.told[id] = time.Now()
	}
}

// tell puts the events of all jobs into the queues, as the outbox does.
func (b *bench) tell(ctx context.Context, o Options, both bool) error {
	channel := webhook.Channel{Queues: b.queues.of(), Receivers: b.receivers, Now: time.Now}
	for from := 0; from < o.Webhooks; from += atOnce {
		var some []notify.Event
		for i := from; i < min(from+atOnce, o.Webhooks); i++ {
			if both {
				some = append(some, event(fmt.Sprint("slow-", i), b.slow))
			}
			some = append(some, event(fmt.Sprint("quick-", i), b.quick))
		}
		b.mu.Lock()
		for _, e := range some {
			if strings.HasPrefix(e.ID, "quick-") {
				b.told[e.ID] = time.Now()
			}
		}
		b.mu.Unlock()
		for _, err := range channel.Put(ctx, some) {
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// event returns the event of a job's ending.
func event(job string, receiver *httptest.Server) notify.Event {
	host := strings.TrimPrefix(receiver.URL, "http://")
	return notify.Event{
		ID: job + ".1", Type: notify.VideoCompleted, Webhook: host, Detail: json.RawMessage(`{"id":"` + job + `.1"}`),
		About: &notify.Video{VideoID: job, EndedAt: time.Now()},
	}
}

// work is one function at a time of a queue's mapping, with what it keeps between invocations.
func (b *bench) work(ctx context.Context, queue string) {
	d := &webhook.Deliverer{
		Jobs: jobs{b}, Keys: keys{}, Sender: post.New(true, time.Now), Receivers: b.receivers, Queues: b.queues.of(),
		Meter: metrics.Meter{Out: io.Discard, Stack: "bench", Now: time.Now}, Now: time.Now, Jitter: func(time.Duration) time.Duration { return 0 }, Log: slog.New(slog.DiscardHandler),
	}
	for {
		body, ok := b.queues.take(ctx, queue)
		if !ok {
			return
		}
		if err := d.Handle(ctx, webhook.Batch{Records: []webhook.Record{{Body: body}}}); err != nil && ctx.Err() == nil {
			b.queues.put(queue, body, time.Second)
		}
	}
}

// jobs has the jobs: each has a webhook, at the receiver that its id names.
type jobs struct{ *bench }

// Get implements webhook.Jobs.
func (j jobs) Get(ctx context.Context, id string) (video.Entry, string, error) {
	pause(ctx, readTime)
	address := j.slow.URL
	if strings.HasPrefix(id, "quick-") {
		address = j.quick.URL
	}
	return video.Entry{ID: id, Request: video.RequestOf(map[string]any{video.Webhook: address})}, "1", nil
}

// Batch implements webhook.Jobs. There is none.
func (j jobs) Batch(_ context.Context, id string) (record.Batch, string, error) {
	return record.Batch{}, "", &record.NoBatch{ID: id}
}

// PutProgress implements webhook.Jobs.
func (j jobs) PutProgress(ctx context.Context, _ string, _ report.Progress) error {
	pause(ctx, writeTime)
	return nil
}

// keys has the secret that signs.
type keys struct{}

// Read implements webhook.Keys.
func (keys) Read(context.Context) ([]sign.Secret, string, error) {
	secret, err := sign.ParseSecret(strings.Repeat("aBc1", 12))
	return []sign.Secret{secret}, "", err
}

// pause takes as long as a call.
func pause(ctx context.Context, d time.Duration) { _ = wait.For(ctx, d) }
