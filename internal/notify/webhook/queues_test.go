package webhook_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/takeup/takeup/internal/notify"
	"github.com/takeup/takeup/internal/notify/webhook/post"
)

// Each entry of SQS's reply is looked at, so that no event is taken for told that isn't.
func TestPartialFailure(t *testing.T) {
	for code, want := range map[string]struct {
		failed  int
		refused bool
	}{
		"":                       {0, false},
		"half":                   {12, false}, // 5 of 10, twice, and 2 of 5
		"down":                   {25, false},
		"silent":                 {25, false},
		"ServiceUnavailable":     {25, false},
		"InvalidMessageContents": {25, true},
	} {
		w := newWorld(t)
		w.broken["first"] = code
		var events []notify.Event
		for i := range 25 {
			events = append(events, event(fmt.Sprint("a", i), "hooks.example.com"))
		}
		failed := 0
		for _, err := range w.channel.Put(t.Context(), events) {
			var refused *notify.Refused
			if err != nil {
				failed++
			}
			if errors.As(err, &refused) != (want.refused && err != nil) {
				t.Errorf("%q: %v", code, err)
			}
		}
		if failed != want.failed || len(w.queues["first"]) != 25-want.failed {
			t.Errorf("%q: %d failed, and %d are waiting", code, failed, len(w.queues["first"]))
		}
	}
}

// Ten long messages don't fit into one call.
func TestLongMessages(t *testing.T) {
	w := newWorld(t)
	var events []notify.Event
	for i := range 10 {
		e := event(fmt.Sprint("a", i), "hooks.example.com")
		e.Detail = json.RawMessage(`"` + strings.Repeat("x", 40_000) + `"`)
		events = append(events, e)
	}
	for _, err := range w.channel.Put(t.Context(), events) {
		if err != nil {
			t.Error(err)
		}
	}
	if len(w.queues["first"]) != 10 {
		t.Errorf("%d are waiting", len(w.queues["first"]))
	}
}

// A delivery that can't be put aside is handed out again, and attempted again.
func TestQueueDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.create("a", address)
		w.answer = func(string) post.Result { return post.Result{Status: 500} }
		w.broken["aside"] = "down"
		w.tell("a")
		if err := w.handle("first"); err == nil || len(w.queues["first"]) != 1 {
			t.Fatalf("%v, waiting %v", err, w.queues)
		}
		w.broken["aside"], w.answer = "", func(string) post.Result { return post.Result{Status: 200} }
		w.run()
		if len(w.sent) != 2 || len(w.story("a")) != 1 {
			t.Errorf("sent %+v; %q", w.sent, w.story("a"))
		}
	})
}
