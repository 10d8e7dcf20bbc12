package webhook_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/takeup/takeup/internal/batch/record"
	"github.com/takeup/takeup/internal/jobs/view"
	"github.com/takeup/takeup/internal/notify"
	"github.com/takeup/takeup/internal/notify/receiver"
	"github.com/takeup/takeup/internal/notify/webhook/post"
)

// story returns what a job's history says of its webhooks.
func (w *world) story(id string) (said []string) {
	w.t.Helper()
	entry, _, err := w.table.Get(w.t.Context(), id)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, e := range view.Of(entry, time.Now()).History {
		if strings.Contains(e.Message, "webhook") {
			said = append(said, e.Message)
		}
	}
	return said
}

func TestDelivered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.create("a", address)
		w.tell("a")
		w.run()
		if len(w.sent) != 1 || w.sent[0].url != address || w.sent[0].id != "a.1" || w.sent[0].limit != 3*time.Second ||
			w.sent[0].body != `{"type":"video.completed","timestamp":"2026-11-26T12:00:00Z","data":{"id":"a.1"}}` {
			t.Errorf("it sent %+v", w.sent)
		}
		if got := w.story("a"); !slices.Equal(got, []string{"a webhook was delivered: answered 204"}) {
			t.Errorf("the history says %q", got)
		}
	})
}

// A delivery that fails is tried for a day, with growing waits and 15 s each, and then kept.
func TestUndelivered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.create("a", address)
		w.answer = func(string) post.Result { return post.Result{Status: 500} }
		w.tell("a")
		began := time.Now()
		w.run()
		for i, s := range w.sent {
			if want := 15 * time.Second; i > 0 && s.limit != want || s.id != "a.1" {
				t.Errorf("attempt %d: %+v", i+1, s)
			}
			if i > 1 && s.at.Sub(w.sent[i-1].at) < w.sent[i-1].at.Sub(w.sent[i-2].at) {
				t.Errorf("attempt %d came sooner than the one before", i+1)
			}
		}
		if took := time.Since(began); len(w.sent) != 11 || took < 23*time.Hour || took > 24*time.Hour {
			t.Errorf("%d attempts in %s", len(w.sent), took)
		}
		if n := strings.Count(w.metered.String(), `"Deliveries":0`); n != 11 {
			t.Errorf("%d of 11 attempts are counted as failed", n)
		}
		dead := w.dead()
		if len(dead) != 1 || dead[0].Undelivered == nil || dead[0].Undelivered.Attempts != 11 || dead[0].Undelivered.Reason != "answered 500" || dead[0].Attempts != 0 || dead[0].Aside {
			t.Fatalf("it keeps %+v", dead)
		}
		if got := w.story("a"); !slices.Equal(got, []string{"a webhook was not delivered, and is sent again 10 times: answered 500", "a webhook was given up after 11 attempts: answered 500"}) {
			t.Errorf("the history says %q", got)
		}
		// It is moved back by an operator.
		w.queues["first"], w.queues["dead"], w.sent = w.queues["dead"], nil, nil
		w.answer = func(string) post.Result { return post.Result{Status: 200} }
		w.run()
		if len(w.sent) != 1 || len(w.queues["dead"]) > 0 || strings.Count(w.metered.String(), `"Deliveries":1`) != 1 {
			t.Errorf("then it sent %+v, and kept %v", w.sent, w.dead())
		}
	})
}

func TestFailures(t *testing.T) {
	for name, test := range map[string]struct {
		results []post.Result
		waits   []time.Duration
		dead    string
	}{
		"a redirect":       {[]post.Result{{Status: 302}, {Status: 200}}, []time.Duration{5 * time.Second}, ""},
		"no connection":    {[]post.Result{{Fault: "refused the connection"}, {Status: 200}}, []time.Duration{5 * time.Second}, ""},
		"a Retry-After":    {[]post.Result{{Status: 429, RetryAfter: time.Minute}, {Status: 503, RetryAfter: time.Second}, {Status: 202}}, []time.Duration{time.Minute, time.Minute}, ""},
		"a receiver gone":  {[]post.Result{{Status: 410}}, nil, "answered 410"},
		"a slow response":  {[]post.Result{{Status: 200, Took: 10 * time.Second}, {Status: 200, Took: 10 * time.Second}}, []time.Duration{5 * time.Second}, ""},
		"a private target": {[]post.Result{{Fault: "its host has an address that is not public"}, {Status: 200}}, []time.Duration{5 * time.Second}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.create("a", address)
				w.answer = func(string) post.Result { return test.results[len(w.sent)-1] }
				w.tell("a")
				w.run()
				var waits []time.Duration
				for i := 1; i < len(w.sent); i++ {
					waits = append(waits, w.sent[i].at.Sub(w.sent[i-1].at)-min(test.results[i-1].Took, w.sent[i-1].limit))
				}
				dead := ""
				for _, m := range w.dead() {
					dead += m.Undelivered.Reason
				}
				if len(w.sent) != len(test.results) || !slices.Equal(waits, test.waits) || dead != test.dead {
					t.Errorf("%d attempts, waits %s, kept %q", len(w.sent), waits, dead)
				}
			})
		})
	}
}

// A first attempt at a receiver that isn't known is one at a time. Once it is found to be slow, no
// other delivery to it is attempted in the queue of first attempts.
func TestSlowReceiver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.answer = func(string) post.Result { return post.Result{Status: 200, Took: 10 * time.Second} }
		for i := range 20 {
			w.create(fmt.Sprint("a", i), address)
			w.tell(fmt.Sprint("a", i))
		}
		known, version, err := w.table.Receiver(t.Context(), "hooks.example.com")
		if err != nil {
			t.Fatal(err)
		}
		for len(w.queues["first"]) > 0 {
			if err := w.handle("first"); err != nil {
				t.Fatal(err)
			}
		}
		if len(w.sent) != 1 || len(w.queues["aside"]) != 20 {
			t.Errorf("%d first attempts, and %d aside", len(w.sent), len(w.queues["aside"]))
		}
		if known, _, err = w.table.Receiver(t.Context(), "hooks.example.com"); err != nil || known.Pace != receiver.Slow {
			t.Errorf("it is known as %v, %v; before as version %q", known, err, version)
		}
		w.create("later", address)
		w.tell("later")
		if len(w.queues["first"]) > 0 || len(w.queues["aside"]) != 21 {
			t.Error("a later event is not put aside at once")
		}
		w.run()
		if got := w.story("later"); len(got) != 1 || w.sent[1].limit != 15*time.Second {
			t.Errorf("the history says %q; %+v", got, w.sent[1])
		}
		w.answer = func(string) post.Result { return post.Result{Status: 200} }
		w.create("quick", address)
		w.tell("quick")
		w.run()
		w.create("again", address)
		if w.tell("again"); len(w.queues["first"]) != 1 {
			t.Error("a receiver that is quick again is not known as one")
		}
		w.run()
	})
}

// While the first webhook to a receiver is under way, others wait for a second, and then go aside.
func TestAskedReceiver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.create("a", address)
		w.create("b", address)
		if err := w.table.PutReceiver(t.Context(), "hooks.example.com", receiver.Receiver{Pace: receiver.Asked, At: time.Now()}, ""); err != nil {
			t.Fatal(err)
		}
		w.tell("a", "b")
		if err := errors.Join(w.handle("first"), w.handle("first")); err != nil || len(w.sent) > 0 || len(w.queues["first"]) != 2 {
			t.Fatalf("sent %+v, waiting %v, %v", w.sent, w.queues, err)
		}
		if err := w.handle("first"); err != nil || len(w.sent) > 0 || len(w.queues["aside"]) != 1 {
			t.Errorf("sent %+v, waiting %v, %v", w.sent, w.queues, err)
		}
		w.run()
		if len(w.sent) != 2 {
			t.Errorf("sent %+v", w.sent)
		}
	})
}

// The stack's webhook gets every event, and a batch's that of its end.
func TestTargets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.channel.Stack, w.stack = true, "https://stack.example.com/s3cret"
		w.create("own", address)
		w.create("none", "")
		if _, _, err := w.table.CreateBatch(t.Context(), record.Batch{ID: "batches-a", CreatedAt: time.Now(), Options: record.Options{Defaults: map[string]any{"webhook": "https://batch.example.com/s3cret"}}}); err != nil {
			t.Fatal(err)
		}
		finished := notify.Event{ID: "batches-a.1", Type: notify.BatchFinished, Webhook: "batch.example.com", About: &notify.Batch{BatchID: "batches-a"}, Detail: []byte(`{}`)}
		for _, err := range w.channel.Put(t.Context(), []notify.Event{event("own", "hooks.example.com"), event("none", ""), finished}) {
			if err != nil {
				t.Error(err)
			}
		}
		w.run()
		got := map[string][]string{}
		for _, s := range w.sent {
			got[s.url] = append(got[s.url], s.id)
			slices.Sort(got[s.url])
		}
		if fmt.Sprint(got) != "map[https://batch.example.com/s3cret:[batches-a.1] https://hooks.example.com/s3cret:[own.1] https://stack.example.com/s3cret:[batches-a.1 none.1 own.1]]" {
			t.Errorf("sent %v", got)
		}
		if story := w.story("none"); !slices.Equal(story, []string{"a webhook was delivered: answered 204 (the stack's webhook)"}) {
			t.Errorf("the history says %q", story)
		}
	})
}

// What has no receiver any more is kept, unless its job was forgotten.
func TestNoReceiver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.create("forgotten", address)
		entry, version, err := w.table.Get(t.Context(), "forgotten")
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := w.table.Forget(t.Context(), entry, version, time.Now()); err != nil {
			t.Fatal(err)
		}
		w.tell("forgotten", "gone")
		w.queues["first"] = append(w.queues["first"], message{body: "no JSON"})
		w.run()
		var reasons []string
		for _, m := range w.dead() {
			reasons = append(reasons, m.ID+": "+m.Undelivered.Reason)
		}
		slices.Sort(reasons)
		if len(w.sent) > 0 || !slices.Equal(reasons, []string{"gone.1: there is no webhook any more", "unreadable: the message can't be read"}) {
			t.Errorf("sent %v, kept %q", w.sent, reasons)
		}
	})
}
