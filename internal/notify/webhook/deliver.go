package webhook

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/takeup/takeup/internal/batch/record"
	"github.com/takeup/takeup/internal/metrics"
	"github.com/takeup/takeup/internal/notify"
	"github.com/takeup/takeup/internal/notify/receiver"
	"github.com/takeup/takeup/internal/notify/webhook/post"
	"github.com/takeup/takeup/internal/notify/webhook/sign"
	"github.com/takeup/takeup/internal/video"
	"github.com/takeup/takeup/internal/video/report"
)

// Jobs has the jobs and the batches that webhooks are about.
type Jobs interface {
	// Get returns a job's entry, or a *video.NoEntry.
	Get(ctx context.Context, id string) (entry video.Entry, version string, err error)
	// Batch returns the record of a batch, or a *record.NoBatch.
	Batch(ctx context.Context, id string) (b record.Batch, version string, err error)
	// PutProgress replaces what was reported of a job.
	PutProgress(ctx context.Context, id string, progress report.Progress) error
}

// Keys has the secrets that sign webhooks, and the URL of the stack's webhook, or "".
type Keys interface {
	Read(context.Context) ([]sign.Secret, string, error)
}

// Sender makes an attempt.
type Sender interface {
	Send(ctx context.Context, url string, header http.Header, body []byte, limit time.Duration) post.Result
}

// Deliverer attempts deliveries. It is safe for concurrent use, also by many processes.
type Deliverer struct {
	Jobs      Jobs
	Keys      Keys
	Sender    Sender
	Receivers Receivers
	Queues    Queues
	Meter     notify.Meter
	Now       func() time.Time
	Jitter    func(time.Duration) time.Duration // returns a random part of a duration
	Log       *slog.Logger
}

// Batch is what Lambda hands over of a queue.
type Batch struct {
	Records []Record `json:"Records"`
}

// Record is a message of a queue.
type Record struct {
	Body string `json:"body"`
}

// Handle is the Lambda handler of the queues. A delivery that fails is put into the queue aside by
// itself. After an error, which is of AWS, SQS hands out all of the messages again.
func (d *Deliverer) Handle(ctx context.Context, batch Batch) error {
	var failed []error
	for _, r := range batch.Records {
		failed = append(failed, d.take(ctx, r.Body))
	}
	return errors.Join(failed...)
}

func (d *Deliverer) take(ctx context.Context, body string) error {
	began := d.Now()
	var m Message
	if err := json.Unmarshal([]byte(body), &m); err != nil || m.ID == "" {
		kept, err := json.Marshal(body)
		if err != nil {
			return err
		}
		m = Message{ID: "unreadable", Detail: kept}
		d.Log.ErrorContext(ctx, "webhook", "error", "a message of the queue can't be read")
		return d.giveUp(ctx, m, "the message can't be read")
	}
	m.Undelivered = nil
	did, err := d.deliver(ctx, m)
	attributes := []any{"event", m.ID, "type", m.Type, "to", string(m.To), "attempt", m.Attempts + 1, "did", did, "elapsed_ms", d.Now().Sub(began).Milliseconds()}
	if err != nil {
		d.Log.ErrorContext(ctx, "webhook", append(attributes, "error", err.Error())...)
		return err
	}
	d.Log.InfoContext(ctx, "webhook", attributes...)
	return nil
}

// forgotten says that a delivery has no receiver any more.
type forgotten struct{ reason string }

func (e *forgotten) Error() string { return e.reason }

// deliver attempts a delivery, or puts it where it has to wait. It returns what it did, for the log.
func (d *Deliverer) deliver(ctx context.Context, m Message) (did string, err error) {
	if wait := m.Due.Sub(d.Now()); wait > time.Second {
		return "wait", d.put(ctx, m, wait)
	}
	var known receiver.Receiver
	var version string
	if !m.Aside {
		var advice receiver.Advice
		if known, version, advice, err = d.advice(ctx, m.receiver()); err != nil {
			return "fail", err
		}
		switch advice {
		case receiver.Soon:
			return "wait for another", d.put(ctx, m, receiver.SoonIn)
		case receiver.Aside:
			m.Aside = true
			return "put aside", d.put(ctx, m, 0)
		case receiver.Ask, receiver.Send:
		}
	}
	keys, stack, err := d.Keys.Read(ctx)
	if err != nil {
		return "fail", err
	}
	url, entry, err := d.url(ctx, m, stack)
	var gone *forgotten
	if errors.As(err, &gone) {
		return "drop", nil
	}
	if err != nil {
		return "fail", err
	}
	if url == "" {
		return "give up", d.giveUp(ctx, m, "there is no webhook any more")
	}
	body, err := m.body()
	if err != nil {
		return "give up", d.giveUp(ctx, m, "the message can't be read")
	}
	limit := firstTimeout
	if m.Aside {
		limit = laterTimeout
	}
	result := d.Sender.Send(ctx, url, sign.Header(keys, m.ID, d.Now(), body), body, limit)
	d.learn(ctx, m, known, version, result.Took)
	d.count(ctx, m, result)
	return d.settle(ctx, m, entry, result)
}

// advice says what to do with a first attempt. If nothing is known of the receiver, one message is
// sent, and others wait until it is known. known and version are what the table now has.
func (d *Deliverer) advice(ctx context.Context, name string) (known receiver.Receiver, version string, advice receiver.Advice, err error) {
	known, version, err = d.Receivers.Receiver(ctx, name)
	if err != nil {
		return known, version, receiver.Ask, err
	}
	advice = known.Advice(d.Now())
	if advice != receiver.Ask {
		return known, version, advice, nil
	}
	asked := receiver.Receiver{Pace: receiver.Asked, At: d.Now()}
	err = d.Receivers.PutReceiver(ctx, name, asked, version)
	var conflict *video.Conflict
	if errors.As(err, &conflict) {
		return known, version, receiver.Soon, nil
	}
	return asked, "", receiver.Ask, err
}

// count counts an attempt in the metrics. It holds up nothing.
func (d *Deliverer) count(ctx context.Context, m Message, result post.Result) {
	taken := 0.0
	if result.Delivered() {
		taken = 1
	}
	if err := d.Meter.Emit(metrics.Value{Name: metrics.Deliveries, N: taken}); err != nil {
		d.Log.WarnContext(ctx, "metrics", "event", m.ID, "error", err.Error())
	}
}

// learn remembers how fast the receiver was. It is for others, so that an error is ignored.
func (d *Deliverer) learn(ctx context.Context, m Message, known receiver.Receiver, version string, took time.Duration) {
	found := receiver.Of(took, d.Now())
	if version == "" {
		var err error
		if known, version, err = d.Receivers.Receiver(ctx, m.receiver()); err != nil {
			return
		}
	}
	if known.Newer(found) {
		_ = d.Receivers.PutReceiver(ctx, m.receiver(), found, version)
	}
}

// url returns the URL of a delivery, or "", and the job that it is about, if it is one.
func (d *Deliverer) url(ctx context.Context, m Message, stack string) (string, *video.Entry, error) {
	var noEntry *video.NoEntry
	var noBatch *record.NoBatch
	if m.To == ToBatch {
		b, _, err := d.Jobs.Batch(ctx, m.Subject)
		if errors.As(err, &noBatch) {
			return "", nil, nil
		}
		return b.Webhook(), nil, err
	}
	var entry *video.Entry
	if video.ValidID(m.Subject) {
		found, _, err := d.Jobs.Get(ctx, m.Subject)
		switch {
		case errors.As(err, &noEntry): // a batch, or a restored table
		case err != nil:
			return "", nil, err
		case !found.ForgottenAt.IsZero():
			return "", nil, &forgotten{"the job was forgotten"}
		default:
			entry = &found
		}
	}
	if m.To == ToStack {
		return stack, entry, nil
	}
	if entry == nil {
		return "", nil, nil
	}
	return entry.Request.Webhook(), entry, nil
}

// settle puts a delivery that failed aside, or gives it up.
func (d *Deliverer) settle(ctx context.Context, m Message, entry *video.Entry, result post.Result) (string, error) {
	now := d.Now()
	if m.Since.IsZero() {
		m.Since = now
	}
	m.Attempts++
	said := result.String()
	if m.To == ToStack {
		said += " (the stack's webhook)"
	}
	if result.Delivered() {
		d.tell(ctx, entry, report.Event{At: now, Kind: report.EventWebhookDelivered, Number: m.Attempts, Said: said})
		return "deliver: " + result.String(), nil
	}
	wait, again := next(m.Attempts, m.Since, now, result.RetryAfter, d.Jitter)
	if result.Gone() || !again {
		if err := d.giveUp(ctx, m, result.String()); err != nil {
			return "fail", err
		}
		d.tell(ctx, entry, report.Event{At: now, Kind: report.EventWebhookUndelivered, Number: m.Attempts, Said: said})
		return "give up: " + result.String(), nil
	}
	m.Aside, m.Due = true, now.Add(wait)
	if err := d.put(ctx, m, wait); err != nil {
		return "fail", err
	}
	d.tell(ctx, entry, report.Event{At: now, Kind: report.EventWebhookFailed, Said: said})
	return fmt.Sprintf("wait %s: %s", wait.Round(time.Second), result), nil
}

// put puts a delivery into its queue, after a delay.
func (d *Deliverer) put(ctx context.Context, m Message, delay time.Duration) error {
	return d.Queues.send(ctx, d.Queues.queue(m), []delivery{{m, delay}})[0]
}

// giveUp puts a delivery into the queue of those that were given up, as one that was not attempted
// yet.
func (d *Deliverer) giveUp(ctx context.Context, m Message, reason string) error {
	m.Undelivered = &Undelivered{Attempts: m.Attempts, Since: m.Since, Until: d.Now(), Reason: reason}
	m.Attempts, m.Since, m.Due, m.Aside = 0, time.Time{}, time.Time{}, false
	return d.Queues.send(ctx, d.Queues.Dead, []delivery{{m, 0}})[0]
}

// tellTimeout bounds the write of what people read.
const tellTimeout = 3 * time.Second

// tell adds an event to the job's history, at best effort.
func (d *Deliverer) tell(ctx context.Context, entry *video.Entry, e report.Event) {
	if entry == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, tellTimeout)
	defer cancel()
	progress := entry.Told(report.StepWebhook)
	progress.Step = report.StepWebhook
	progress.Add(e)
	_ = d.Jobs.PutProgress(ctx, entry.ID, progress)
}
