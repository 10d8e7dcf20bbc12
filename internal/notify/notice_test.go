package notify_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/takeup/takeup/internal/budget"
	"github.com/takeup/takeup/internal/notify"
	"github.com/takeup/takeup/internal/table/outbox"
)

// What is no ending is told as the schema of its type has it.
func TestNotices(t *testing.T) {
	at := time.Now()
	for name, test := range map[string]struct {
		tell func(*world) error
		kind notify.Type
		to   string // what to do
	}{
		"a day's cap": {func(w *world) error {
			return w.table.TellCapReached(t.Context(), "alice", &budget.NoRoom{Limit: "day", Held: 99_500_000, Of: 100_000_000, Price: 980_000, Until: at.Add(time.Hour)}, at)
		}, notify.CapReached, "New videos wait until the cap resets. To raise it: takeup caps set --max-usd-per-day USD"},
		"an owner's cap": {func(w *world) error {
			return w.table.TellCapReached(t.Context(), "alice", &budget.NoRoom{Limit: "owner", Held: 1, Of: 2, Price: 2, Until: at.Add(time.Hour)}, at)
		}, notify.CapReached, "New videos wait until the cap resets. To raise it: takeup caps set --owner alice --max-usd-per-day USD"},
		"a matter without videos": {func(w *world) error {
			return w.table.TellAttention(t.Context(), "balance.2026-08-22", outbox.Attention{About: "balance", Message: "The balance is low.", ToDo: "Top it up."}, at)
		}, notify.NeedsAttention, "Top it up."},
		"a matter of videos": {func(w *world) error {
			return w.table.TellAttention(t.Context(), "stuck.2026-08-22", outbox.Attention{About: "stuck", Message: "Two videos don't move.", ToDo: "Look.", Videos: []string{"a", "b"}, Count: 2}, at)
		}, notify.NeedsAttention, "Look."},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			if err := test.tell(w); err != nil {
				t.Fatal(err)
			}
			w.stream(w.waiting()...)
			if len(w.events) != 1 || len(w.waiting()) > 0 || len(w.queue) > 0 {
				t.Fatalf("told %q, waiting %q, untold %v", w.told, w.waiting(), w.queue)
			}
			e := w.events[0]
			holds(t, *e.DetailType, *e.Detail)
			var detail struct {
				ToDo string `json:"to_do"`
			}
			if err := json.Unmarshal([]byte(*e.Detail), &detail); err != nil || *e.DetailType != string(test.kind) || detail.ToDo != test.to {
				t.Errorf("%s: %s, %v", *e.DetailType, *e.Detail, err)
			}
		})
	}
}
