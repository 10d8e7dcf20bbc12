package webhook_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/takeup/takeup/internal/notify"
	"github.com/takeup/takeup/internal/notify/webhook/post"
)

// Whatever receivers and SQS do, each event is delivered, or kept for somebody to look at, under the
// same id each time.
func TestNoEventIsLost(t *testing.T) {
	for seed := range uint64(3) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				random := rand.New(rand.NewPCG(seed, 1))
				w := newWorld(t)
				results := []post.Result{
					{Status: 200}, {Status: 204}, {Status: 500}, {Status: 302}, {Status: 410}, {Status: 429, RetryAfter: 3600e9},
					{Fault: "refused the connection"}, {Status: 200, Took: 10e9}, {Fault: "did not answer", Took: 60e9},
				}
				taken := map[string]int{}
				w.answer = func(string) post.Result {
					result := results[random.IntN(len(results))]
					if s := w.sent[len(w.sent)-1]; result.Delivered() && result.Took <= s.limit {
						taken[s.id]++
					}
					return result
				}
				shake := func() {
					for _, queue := range []string{"first", "aside", "dead"} {
						w.broken[queue] = []string{"", "", "", "", "half", "down", "silent", "ServiceUnavailable"}[random.IntN(8)]
					}
				}
				var waiting []notify.Event
				for i := range 100 {
					id := fmt.Sprint("job-", i)
					w.create(id, address)
					waiting = append(waiting, event(id, "hooks.example.com"))
				}
				for len(waiting) > 0 { // the outbox tells again what was not taken
					shake()
					var again []notify.Event
					for i, err := range w.channel.Put(t.Context(), waiting) {
						if err != nil {
							again = append(again, waiting[i])
						}
					}
					waiting = again
				}
				for len(w.queues["first"])+len(w.queues["aside"]) > 0 {
					shake()
					for _, queue := range []string{"first", "aside"} {
						slices.SortStableFunc(w.queues[queue], func(a, b message) int { return a.from.Compare(b.from) })
					}
					queue := "first"
					if len(w.queues[queue]) == 0 || len(w.queues["aside"]) > 0 && w.queues["aside"][0].from.Before(w.queues[queue][0].from) {
						queue = "aside"
					}
					_ = w.handle(queue) // SQS hands the message out again
				}
				kept := map[string]int{}
				for _, m := range w.dead() {
					kept[m.ID]++
				}
				delivered, untold := 0, 0
				for i := range 100 {
					switch id := fmt.Sprintf("job-%d.1", i); {
					case taken[id] > 0:
						delivered++
					case kept[id] == 0:
						untold++
					}
				}
				t.Logf("delivered=%d kept=%d attempts=%d", delivered, len(kept), len(w.sent))
				if untold > 0 || delivered == 0 || len(kept) == 0 || len(taken) > 100 {
					t.Errorf("untold=%d, of 100 with %d delivered and %d kept", untold, delivered, len(kept))
				}
			})
		})
	}
}
