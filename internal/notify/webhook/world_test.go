package webhook_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/takeup/takeup/internal/catalogue"
	"github.com/takeup/takeup/internal/metrics"
	"github.com/takeup/takeup/internal/notify"
	"github.com/takeup/takeup/internal/notify/webhook"
	"github.com/takeup/takeup/internal/notify/webhook/post"
	"github.com/takeup/takeup/internal/notify/webhook/sign"
	"github.com/takeup/takeup/internal/provider/all"
	"github.com/takeup/takeup/internal/table"
	"github.com/takeup/takeup/internal/table/dynamotest"
	"github.com/takeup/takeup/internal/video"
)

// address is the webhook of the jobs here. It must be in no message, log or history.
const address = "https://hooks.example.com/s3cret"

// message is a message of a queue, which is handed out from a time on.
type message struct {
	body string
	from time.Time
}

// world is a table, three queues and a receiver.
type world struct {
	t         *testing.T
	table     *table.Table
	deliverer *webhook.Deliverer
	channel   webhook.Channel
	queues    map[string][]message
	broken    map[string]string // the code with which a queue refuses messages
	answer    func(url string) post.Result
	sent      []sending
	stack     string
	log       bytes.Buffer
	metered   bytes.Buffer
}

// sending is an attempt.
type sending struct {
	url, id string
	limit   time.Duration
	at      time.Time
	body    string
}

func newWorld(t *testing.T) *world {
	w := &world{t: t, queues: map[string][]message{}, broken: map[string]string{}, answer: func(string) post.Result { return post.Result{Status: 204} }}
	n := 0
	w.table = table.New(&dynamotest.Items{}, "jobs", func() string { n++; return fmt.Sprint("mark-", n) }, func(time.Duration) time.Duration { return 0 })
	queues := webhook.Queues{Client: w, First: "first", Aside: "aside", Dead: "dead"}
	w.channel = webhook.Channel{Queues: queues, Receivers: w.table, Now: time.Now}
	w.deliverer = &webhook.Deliverer{
		Jobs: w.table, Keys: w, Sender: w, Receivers: w.table, Queues: queues,
		Meter: metrics.Meter{Out: &w.metered, Stack: "takeup", Now: time.Now},
		Now:   time.Now, Jitter: func(time.Duration) time.Duration { return 0 }, Log: slog.New(slog.NewJSONHandler(&w.log, nil)),
	}
	t.Cleanup(func() {
		if text := w.log.String() + fmt.Sprint(w.queues); strings.Contains(text, "s3cret") {
			t.Errorf("the URL is in %s", text)
		}
	})
	return w
}

// Read implements webhook.Keys.
func (w *world) Read(context.Context) ([]sign.Secret, string, error) {
	secret, err := sign.ParseSecret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	return []sign.Secret{secret}, w.stack, err
}

// Send implements webhook.Sender.
func (w *world) Send(_ context.Context, url string, header http.Header, body []byte, limit time.Duration) post.Result {
	w.sent = append(w.sent, sending{url, header.Get(sign.IDHeader), limit, time.Now(), string(body)})
	result := w.answer(url)
	if result.Took > limit {
		result = post.Result{Fault: "did not answer", Took: limit}
	}
	time.Sleep(result.Took)
	return result
}

// SendMessageBatch is SQS.
func (w *world) SendMessageBatch(_ context.Context, in *sqs.SendMessageBatchInput, _ ...func(*sqs.Options)) (*sqs.SendMessageBatchOutput, error) {
	out, size := &sqs.SendMessageBatchOutput{}, 0
	for i, e := range in.Entries {
		size += len(*e.MessageBody)
		if e.DelaySeconds < 0 || e.DelaySeconds > 900 {
			w.t.Errorf("a delay of %d s", e.DelaySeconds)
		}
		switch code := w.broken[*in.QueueUrl]; {
		case code == "silent":
		case code == "" || code == "half" && i%2 == 0:
			w.queues[*in.QueueUrl] = append(w.queues[*in.QueueUrl], message{*e.MessageBody, time.Now().Add(time.Duration(e.DelaySeconds) * time.Second)})
			out.Successful = append(out.Successful, types.SendMessageBatchResultEntry{Id: e.Id})
		case code == "down":
			return nil, fmt.Errorf("503")
		default:
			out.Failed = append(out.Failed, types.BatchResultErrorEntry{Id: e.Id, Code: &code, SenderFault: code == "InvalidMessageContents"})
		}
	}
	if len(in.Entries) > 10 || size > 256_000 {
		w.t.Errorf("%d messages of %d bytes in a call", len(in.Entries), size)
	}
	return out, nil
}

// create creates a job.
func (w *world) create(id, webhook string) {
	w.t.Helper()
	r, err := catalogue.Parse(all.Models(), fmt.Appendf(nil, `{"prompt":"a boat","webhook":%q}`, webhook))
	if err != nil {
		w.t.Fatal(err)
	}
	if _, _, err := w.table.Create(w.t.Context(), video.Entry{ID: id, Request: r, RequestHash: r.Hash(), CreatedAt: time.Now(), Execution: id}); err != nil {
		w.t.Fatal(err)
	}
}

// event returns the event of a job's ending.
func event(id, host string) notify.Event {
	return notify.Event{
		ID: id + ".1", Type: notify.VideoCompleted, Webhook: host, Detail: json.RawMessage(fmt.Sprintf(`{"id":"%s.1"}`, id)),
		About: &notify.Video{ID: id + ".1", VideoID: id, EndedAt: time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)},
	}
}

// tell puts the events of jobs into the queues.
func (w *world) tell(ids ...string) {
	w.t.Helper()
	var events []notify.Event
	for _, id := range ids {
		events = append(events, event(id, "hooks.example.com"))
	}
	for _, err := range w.channel.Put(w.t.Context(), events) {
		if err != nil {
			w.t.Fatal(err)
		}
	}
}

// handle hands out a message, and keeps it if the function fails.
func (w *world) handle(queue string) error {
	w.t.Helper()
	m := w.queues[queue][0]
	w.queues[queue] = w.queues[queue][1:]
	time.Sleep(time.Until(m.from))
	err := w.deliverer.Handle(w.t.Context(), webhook.Batch{Records: []webhook.Record{{Body: m.body}}})
	if err != nil {
		w.queues[queue] = append(w.queues[queue], message{m.body, time.Now().Add(180 * time.Second)})
	}
	return err
}

// run hands out messages until the queues are empty.
func (w *world) run() {
	w.t.Helper()
	for len(w.queues["first"])+len(w.queues["aside"]) > 0 {
		queue := "first"
		if len(w.queues[queue]) == 0 || len(w.queues["aside"]) > 0 && w.queues["aside"][0].from.Before(w.queues[queue][0].from) {
			queue = "aside"
		}
		if err := w.handle(queue); err != nil {
			w.t.Fatal(err)
		}
	}
}

// dead returns the deliveries that were given up.
func (w *world) dead() (all []webhook.Message) {
	for _, m := range w.queues["dead"] {
		var got webhook.Message
		if err := json.Unmarshal([]byte(m.body), &got); err != nil {
			w.t.Fatal(err)
		}
		all = append(all, got)
	}
	return all
}
