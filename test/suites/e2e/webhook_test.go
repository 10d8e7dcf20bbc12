package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/batch/record"
	"github.com/takeup/takeup/internal/batches"
	"github.com/takeup/takeup/internal/notify"
	"github.com/takeup/takeup/internal/notify/receiver"
	"github.com/takeup/takeup/internal/notify/webhook"
	"github.com/takeup/takeup/internal/video"
)

// hook is a receiver of webhooks, which verifies each.
type hook struct {
	*httptest.Server
	mu     sync.Mutex
	answer []int // the statuses of the next answers, then 204
	got    map[string]notify.Video
	types  map[string]string
	times  map[string]int // how often each came
}

// receive starts a receiver. Its URL is in no log.
func (w *world) receive(t *testing.T) *hook {
	t.Helper()
	secret, err := w.secrets.GetSecretValue(t.Context(), &secretsmanager.GetSecretValueInput{SecretId: new(w.stack.Outputs["WebhookSecret"])})
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := standardwebhooks.NewWebhook("whsec_" + *secret.SecretString)
	if err != nil {
		t.Fatal(err)
	}
	h := &hook{got: map[string]notify.Video{}, types: map[string]string{}, times: map[string]int{}}
	h.Server = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err == nil {
			err = verifier.Verify(body, r.Header)
		}
		var got struct {
			Type string
			Data notify.Video
		}
		if err == nil {
			err = json.Unmarshal(body, &got)
		}
		if err != nil || got.Data.ID != r.Header.Get("webhook-id") {
			t.Errorf("%v: %s", err, body)
		}
		h.mu.Lock()
		defer h.mu.Unlock()
		h.times[got.Data.ID]++
		status := http.StatusNoContent
		if len(h.answer) > 0 {
			status, h.answer = h.answer[0], h.answer[1:]
		}
		if status == http.StatusNoContent {
			h.got[got.Data.ID], h.types[got.Data.ID] = got.Data, got.Type
		}
		rw.WriteHeader(status)
	}))
	t.Cleanup(h.Close)
	return h
}

// hears waits until a webhook was taken.
func (h *hook) hears(t *testing.T, id, kind string) notify.Video {
	t.Helper()
	await(t, "the webhook "+id, func() bool {
		h.mu.Lock()
		defer h.mu.Unlock()
		_, there := h.got[id]
		return there
	})
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.types[id] != kind {
		t.Errorf("%s is a %q, want %q", id, h.types[id], kind)
	}
	return h.got[id]
}

// shown returns the reply to a GET.
func (w *world) shown(t *testing.T, path string) []byte {
	t.Helper()
	status, _, reply := call(t, http.MethodGet, w.stack.API+path, w.stack.Token, "")
	if status != http.StatusOK {
		t.Fatalf("%s: %d %s", path, status, reply)
	}
	return reply
}

// testWebhooks delivers how jobs and a batch ended, and again what a receiver didn't take. No reply
// has the URL.
func (w *world) testWebhooks(t *testing.T) {
	h := w.receive(t)
	address := h.URL + "/hooks/" + w.fresh()
	w.mu.Lock()
	w.private = append(w.private, address)
	w.mu.Unlock()
	stored := w.post(t, fmt.Sprintf(`{"prompt":%q,"webhook":%q}`, w.prompt("a boat that is told of by a webhook"), address), "Idempotency-Key: webhook")
	w.stored(t, stored)
	if got := h.hears(t, stored+".1", "video.completed"); got.VideoID != stored || got.File == nil || *got.Owner != "default" {
		t.Errorf("it tells %+v", got)
	}
	h.mu.Lock()
	h.answer = []int{http.StatusServiceUnavailable}
	h.mu.Unlock()
	again := w.post(t, fmt.Sprintf(`{"prompt":%q,"webhook":%q}`, w.prompt("a boat that is told of again"), address), "Idempotency-Key: webhook-again")
	w.stored(t, again)
	h.hears(t, again+".1", "video.completed")
	await(t, "the delivery in the history", func() bool {
		history := decode[api.Video](t, w.shown(t, "/videos/"+again)).History
		return slices.ContainsFunc(history, func(e api.Event) bool {
			return e.Message == "a webhook was delivered after 2 attempts: answered 204"
		})
	})
	for _, path := range []string{"/videos/" + again, "/videos?q=told"} {
		if reply := string(w.shown(t, path)); strings.Contains(reply, address) {
			t.Errorf("%s has the URL: %s", path, reply)
		}
	}

	const file = "webhook.csv"
	w.put(t, file, []byte("prompt,webhook\n"+w.prompt("a boat of a batch with a webhook")+","+address+"\n"))
	batch := batches.IDOf(batches.NameOfKey(file), "")
	w.batchIs(t, batch, record.Ended, 1)
	if got := h.hears(t, w.batchItems(t, batch, 1)[0].ID+".1", "video.completed"); *got.Batch != batch {
		t.Errorf("it tells %+v", got)
	}
}

// delivery returns the event of a queue with a delivery about a fresh job, which has a webhook or
// not.
func (w *world) delivery(t *testing.T, address string, change func(*webhook.Message)) any {
	t.Helper()
	id := w.fresh()
	if _, err := w.endedTelling(t, id, address); err != nil {
		t.Fatal(err)
	}
	m := webhook.Message{ID: id + ".1", Type: "video.ended", To: webhook.ToVideo, Subject: id, Host: id, At: time.Now(), Detail: json.RawMessage(`{}`)}
	change(&m)
	body, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]any{"Records": []any{map[string]any{"body": string(body)}}}
}

// endedTelling creates a job that has ended, and returns the key of its ending in the outbox.
func (w *world) endedTelling(t *testing.T, id, address string) (key string, err error) {
	t.Helper()
	request := video.RequestOf(map[string]any{"model": "m", "prompt": "a boat"})
	if address != "" {
		request = video.RequestOf(map[string]any{"model": "m", "prompt": "a boat", "webhook": address})
	}
	entry := video.Entry{ID: id, Request: request, RequestHash: request.Hash(), Execution: id, CreatedAt: time.Now(), Started: true}
	entry.End(&video.InvalidRequest{}, time.Now())
	_, _, err = w.table.Create(t.Context(), entry)
	return "job#" + id + ".1", err
}

// known says how fast a receiver is.
func (w *world) known(t *testing.T, name string, pace receiver.Pace) {
	t.Helper()
	_, version, err := w.table.Receiver(t.Context(), name)
	if err == nil {
		err = w.table.PutReceiver(t.Context(), name, receiver.Receiver{Pace: pace, At: time.Now()}, version)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// probeQueued has the outbox queue the webhook of a job, which nobody receives.
func (w *world) probeQueued(t *testing.T) error {
	key, err := w.endedTelling(t, w.fresh(), "https://quick.invalid/")
	if err != nil {
		return err
	}
	return w.probeOutbox(t, key)
}

func (w *world) probeQueuedAside(t *testing.T) error {
	w.known(t, "slow.invalid", receiver.Slow)
	key, err := w.endedTelling(t, w.fresh(), "https://slow.invalid/")
	if err != nil {
		return err
	}
	return w.probeOutbox(t, key)
}

func (w *world) probeDelivered(t *testing.T) error {
	h := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusNoContent) }))
	defer h.Close()
	id := ""
	_, err := w.invoke(t.Context(), "DeliverFunction", w.delivery(t, h.URL, func(m *webhook.Message) { id = m.Subject }))
	if err != nil {
		return err
	}
	if reply := string(w.shown(t, "/videos/"+id)); !strings.Contains(reply, "a webhook was delivered") {
		return fmt.Errorf("its history is %s", reply)
	}
	return nil
}

func (w *world) probeAsked(t *testing.T) error {
	_, err := w.invoke(t.Context(), "DeliverFunction", w.delivery(t, "https://asked.invalid/", func(m *webhook.Message) { w.known(t, m.Host, receiver.Asked) }))
	return err
}

func (w *world) probeNotDue(t *testing.T) error {
	_, err := w.invoke(t.Context(), "DeliverFunction", w.delivery(t, "https://later.invalid/", func(m *webhook.Message) { m.Aside, m.Due = true, time.Now().Add(time.Hour) }))
	return err
}

func (w *world) probeUndelivered(t *testing.T) error {
	_, err := w.invoke(t.Context(), "DeliverFunction", w.delivery(t, "", func(m *webhook.Message) { m.Aside = true }))
	return err
}
