package listen

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/takeup/takeup/internal/notify"
	"github.com/takeup/takeup/internal/notify/webhook"
	"github.com/takeup/takeup/test/chaos/faults"
	"github.com/takeup/takeup/test/chaos/world"
)

// How a receiver answers. After all but the last, the webhook is sent again.
type manner int

const (
	takes   manner = iota
	refuses        // 500
	stalls         // for longer than a first attempt may take
	turns          // to an address that serves credentials in AWS
	dies           // the connection is cut
	hasGone        // 410: the webhook is given up
)

var manners = []faults.Fault[manner]{
	{Name: "500", Weight: 3, Do: refuses},
	{Name: "stalled", Weight: 2, Do: stalls},
	{Name: "redirected to the metadata address", Weight: 2, Do: turns},
	{Name: "died", Weight: 2, Do: dies},
	{Name: "gone", Weight: 1, Do: hasGone},
}

// mostRefusals is how many attempts of a delivery may fail, of all of its messages together: a third
// one would be followed by five minutes.
const mostRefusals = 2

// metadata is where a function must never go.
const metadata = "http://169.254.169.254/latest/meta-data/"

// stall is longer than a first attempt may take.
const stall = 4 * time.Second

// Receiver receives the webhooks of a stack, and answers as its plan says. It is an http.Handler.
type Receiver struct {
	plan *faults.Plan

	mu       sync.Mutex
	verifier *standardwebhooks.Webhook
	taken    map[string][]Event // by the target and the ids of the events, as Delivery has them
	odd      []string
}

// NewReceiver returns a Receiver. What comes before Trust is refused.
func NewReceiver(p *faults.Plan) *Receiver { return &Receiver{plan: p, taken: map[string][]Event{}} }

// Delivery identifies the delivery of an event to the webhook of the stack or of a video.
func Delivery(to webhook.Target, event string) string { return string(to) + " " + event }

// The paths of the webhooks.
const (
	StackPath = "/" + string(webhook.ToStack)
	VideoPath = "/" + string(webhook.ToVideo)
)

// Trust reads the secret that signs the webhooks of a stack.
func (r *Receiver) Trust(ctx context.Context, w *world.World) error {
	secret, err := w.Secrets.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: new(w.Stack.Outputs["WebhookSecret"])})
	if err != nil {
		return fmt.Errorf("reading the secret that signs webhooks: %w", err)
	}
	verifier, err := standardwebhooks.NewWebhook("whsec_" + *secret.SecretString)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.verifier = verifier
	return err
}

// ServeHTTP takes a webhook, or fails.
func (r *Receiver) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	body, err := io.ReadAll(q.Body)
	if err != nil {
		panic(http.ErrAbortHandler) // the sender is gone
	}
	e, delivery, err := r.read(q, body)
	if err != nil {
		r.mu.Lock()
		r.odd = append(r.odd, err.Error()+": "+string(body))
		r.mu.Unlock()
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	how := takes
	if f := faults.Next(r.plan, "webhook", delivery, mostRefusals, manners); f != nil {
		how = f.Do
	}
	switch how {
	case refuses:
		w.WriteHeader(http.StatusInternalServerError)
		return
	case turns:
		w.Header().Set("Location", metadata)
		w.WriteHeader(http.StatusTemporaryRedirect)
		return
	case stalls:
		select {
		case <-time.After(stall):
		case <-q.Context().Done():
		}
		panic(http.ErrAbortHandler)
	case dies:
		panic(http.ErrAbortHandler)
	case hasGone:
		w.WriteHeader(http.StatusGone)
		return
	case takes:
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.taken[delivery] = append(r.taken[delivery], e)
	w.WriteHeader(http.StatusNoContent)
}

// read reads a webhook, and verifies its signature by the published library. It returns the delivery.
func (r *Receiver) read(q *http.Request, body []byte) (Event, string, error) {
	r.mu.Lock()
	verifier := r.verifier
	r.mu.Unlock()
	if verifier == nil {
		return Event{}, "", errors.New("a webhook came before anything happened")
	}
	if err := verifier.Verify(body, q.Header); err != nil {
		return Event{}, "", err
	}
	var got struct {
		Type string
		Data json.RawMessage
	}
	var named struct{ ID string }
	if err := errors.Join(json.Unmarshal(body, &got), json.Unmarshal(got.Data, &named)); err != nil {
		return Event{}, "", err
	}
	types := map[string]notify.Type{
		"video.completed": notify.VideoCompleted, "video.ended": notify.VideoEnded, "batch.finished": notify.BatchFinished,
		"cap.reached": notify.CapReached, "needs.attention": notify.NeedsAttention,
	}
	e := Event{Type: types[got.Type], Detail: got.Data, Text: string(body)}
	if named.ID == "" || q.Header.Get("webhook-id") != named.ID {
		return e, "", errors.New("a webhook has another id than its event")
	}
	_, to, _ := strings.Cut(strings.TrimSuffix(q.URL.Path, world.HookSecret), "/")
	return e, Delivery(webhook.Target(strings.TrimSuffix(to, "/")), named.ID), nil
}

// All returns the webhooks that were taken, by their deliveries, and what no sender should have sent.
func (r *Receiver) All() (taken map[string][]Event, odd []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.taken, r.odd
}
