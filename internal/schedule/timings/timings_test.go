package timings_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/takeup/takeup/internal/provider"
	"github.com/takeup/takeup/internal/schedule"
	"github.com/takeup/takeup/internal/schedule/timings"
	"github.com/takeup/takeup/internal/table"
	"github.com/takeup/takeup/internal/table/dynamotest"
)

const model = "kling-video/v1/pro/text-to-video"

// records returns the table of a fake.
func records(fake *dynamotest.Server) *table.Table {
	return table.New(fake.Client(), "jobs", rand.Text, func(time.Duration) time.Duration { return 0 })
}

// kept returns the recorded times of the model's videos of five seconds.
func kept(t *testing.T, fake *dynamotest.Server) []schedule.Seen {
	t.Helper()
	return past(t, fake).Seen
}

// past returns the whole record of them.
func past(t *testing.T, fake *dynamotest.Server) schedule.Past {
	t.Helper()
	fake.Fail(nil)
	past, _, err := records(fake).Times(t.Context(), model, 5)
	if err != nil {
		t.Fatal(err)
	}
	return past
}

// metrics is a provider that has measurements, or fails.
type metrics struct {
	measured provider.Percentiles
	ok       bool
	err      error
	asked    int
}

func (m *metrics) Percentiles(context.Context, string) (provider.Percentiles, bool, error) {
	m.asked++
	return m.measured, m.ok, m.err
}

func logTo(b *bytes.Buffer) *slog.Logger { return slog.New(slog.NewJSONHandler(b, nil)) }

func seenAt(s int) schedule.Seen {
	return schedule.Seen{After: time.Duration(s-3) * time.Second, By: time.Duration(s) * time.Second}
}

func about(t *testing.T, what string, got, want time.Duration) {
	t.Helper()
	if got < want*8/10 || got > want*12/10 {
		t.Errorf("%s is %v, want about %v", what, got, want)
	}
}

func TestLearnThenForecast(t *testing.T) {
	fake, logged := dynamotest.New(t), &bytes.Buffer{}
	known, ctx := timings.New(records(fake), nil, logTo(logged)), t.Context()
	before := known.Forecast(ctx, model, 5).Usual()
	about(t, "the built-in time", before, 80*time.Second)
	for i := range schedule.Window + 5 {
		known.Learn(ctx, model, 5, seenAt(195+i%10), 0)
	}
	after := known.Forecast(ctx, model, 5).Usual()
	about(t, "what was learned", after, 200*time.Second)
	if left, ok := known.Forecast(ctx, model, 5).Left(150 * time.Second); !ok || left > 60*time.Second {
		t.Errorf("at 150 s there is left %v, %v", left, ok)
	}
	other := known.Forecast(ctx, model, 10).Usual()
	about(t, "that of longer videos", other, 160*time.Second)

	if seen := kept(t, fake); len(seen) != schedule.Window || seen[0] != seenAt(200) {
		t.Errorf("kept is %v", seen)
	}
	if logged.Len() > 0 {
		t.Errorf("logged: %s", logged)
	}
}

func TestTheProvidersMetricsAreUsedUntilThereAreEnough(t *testing.T) {
	fake, provider := dynamotest.New(t), &metrics{measured: provider.Percentiles{P50: 300 * time.Second, P90: 400 * time.Second}, ok: true}
	known, ctx := timings.New(records(fake), provider, slog.New(slog.DiscardHandler)), t.Context()
	usual := known.Forecast(ctx, model, 5).Usual()
	about(t, "what the provider measured", usual, 300*time.Second)
	for range schedule.Window {
		known.Learn(ctx, model, 5, seenAt(90), 0)
	}
	asked := provider.asked
	usual = known.Forecast(ctx, model, 5).Usual()
	about(t, "what was learned", usual, 90*time.Second)
	if provider.asked != asked {
		t.Error("the provider is still asked")
	}
}

// A late first poll bounds the time from above. Above the usual time, that says nothing.
func TestLearnLeavesOutWhatSaysNothing(t *testing.T) {
	fake := dynamotest.New(t)
	known, ctx := timings.New(records(fake), nil, slog.New(slog.DiscardHandler)), t.Context()
	known.Learn(ctx, model, 5, schedule.Seen{By: time.Hour}, 0)
	known.Learn(ctx, model, 5, schedule.Seen{After: 2 * time.Second, By: 5 * time.Minute}, 0)
	if seen := kept(t, fake); len(seen) > 0 {
		t.Errorf("kept is %v", seen)
	}
	known.Learn(ctx, model, 5, schedule.Seen{By: 20 * time.Second}, 0)
	if seen := kept(t, fake); !slices.Equal(seen, []schedule.Seen{{By: 20 * time.Second}}) {
		t.Errorf("kept is %v", seen)
	}
}

// Charges are recorded even if the times say nothing. Charged returns the highest of the last
// ones.
func TestCharges(t *testing.T) {
	fake, ctx := dynamotest.New(t), t.Context()
	known := timings.New(records(fake), nil, slog.New(slog.DiscardHandler))
	dearest := func() int64 {
		credits, ok := timings.NewRecent(records(fake), time.Now, slog.New(slog.DiscardHandler)).Charged(ctx, model, 5)
		if ok != (credits > 0) {
			t.Errorf("%d credits, %v", credits, ok)
		}
		return credits
	}
	if got := dearest(); got != 0 {
		t.Errorf("before there are any: %d", got)
	}
	known.Learn(ctx, model, 5, schedule.Seen{By: time.Hour}, 3_000_000)
	known.Learn(ctx, model, 5, seenAt(83), 0)
	known.Learn(ctx, model, 5, seenAt(83), 1_960_000)
	if got, kept := dearest(), past(t, fake); got != 3_000_000 || len(kept.Seen) != 2 || !slices.Equal(kept.Charges, []int64{3_000_000, 1_960_000}) {
		t.Errorf("%d of %+v", got, kept)
	}
	for range schedule.Window {
		known.Learn(ctx, model, 5, schedule.Seen{By: time.Hour}, 1_000_000)
	}
	if got, kept := dearest(), past(t, fake); got != 1_000_000 || len(kept.Seen) != 2 || len(kept.Charges) != schedule.Window {
		t.Errorf("%d of %+v", got, kept)
	}
}

// After any error there is a forecast, and a line in the log.
func TestErrorsAreLogged(t *testing.T) {
	for name, c := range map[string]struct {
		op     string
		fault  dynamotest.Fault
		failed error
		said   string
	}{
		"reading is refused":     {op: "Query", fault: dynamotest.Fault{Status: 400, Code: "AccessDeniedException"}, said: "reading the timings failed"},
		"reading is cut":         {op: "Query", fault: dynamotest.Fault{Cut: true}, said: "reading the timings failed"},
		"reading fails":          {op: "Query", fault: dynamotest.Fault{Status: 500, Code: "InternalServerError"}, said: "reading the timings failed"},
		"writing is refused":     {op: "PutItem", fault: dynamotest.Fault{Status: 400, Code: "AccessDeniedException"}, said: "writing the timings failed"},
		"others always write":    {op: "PutItem", fault: dynamotest.Fault{Status: 400, Code: "ConditionalCheckFailedException"}, said: "timing not kept"},
		"the provider has a 502": {failed: errors.New("it answered 502"), said: "asking the provider for the timings failed"},
	} {
		t.Run(name, func(t *testing.T) {
			fake, logged := dynamotest.New(t), &bytes.Buffer{}
			if err := records(fake).PutTimes(t.Context(), model, 5, schedule.Past{Seen: []schedule.Seen{seenAt(83)}}, ""); err != nil {
				t.Fatal(err)
			}
			fake.Fail(func(call dynamotest.Call) dynamotest.Fault {
				if call.Op == c.op {
					return c.fault
				}
				return dynamotest.Fault{}
			})
			known := timings.New(records(fake), &metrics{err: c.failed}, logTo(logged))
			known.Learn(t.Context(), model, 5, seenAt(90), 0)
			about(t, "what is usual", known.Forecast(t.Context(), model, 5).Usual(), 80*time.Second)
			if !strings.Contains(logged.String(), c.said) {
				t.Errorf("logged: %s", logged)
			}
		})
	}
}

// A concurrent writer loses at most its own record.
func TestManyLearnAtOnce(t *testing.T) {
	fake := dynamotest.New(t)
	var wait sync.WaitGroup
	for i := range 8 {
		wait.Go(func() {
			timings.New(records(fake), nil, slog.New(slog.DiscardHandler)).Learn(t.Context(), model, 5, seenAt(80+i), 0)
		})
	}
	wait.Wait()
	if n := len(kept(t, fake)); n < tries || n > 8 {
		t.Errorf("of 8 are kept %d", n)
	}
}

// tries is the least number of concurrent writers that succeed, since one does in each round.
const tries = 3

// A reading is used for a minute.
func TestRecent(t *testing.T) {
	fake, ctx, now := dynamotest.New(t), t.Context(), time.Now()
	known := timings.New(records(fake), nil, slog.New(slog.DiscardHandler))
	var logged bytes.Buffer
	shown := timings.NewRecent(records(fake), func() time.Time { return now }, logTo(&logged))
	var group sync.WaitGroup
	for range 10 {
		group.Go(func() {
			if usual, ok := shown.Usual(ctx, model, 5); !ok || usual == 0 {
				t.Errorf("usual is %v, %v", usual, ok)
			}
			if left, ok := shown.Left(ctx, model, 5, time.Second); !ok || left == 0 {
				t.Errorf("left is %v, %v", left, ok)
			}
		})
	}
	group.Wait()
	if n := fake.Count("Query"); n != 1 {
		t.Errorf("read %d times", n)
	}
	before, _ := shown.Usual(ctx, model, 5)
	for range schedule.Window {
		known.Learn(ctx, model, 5, seenAt(200), 0)
	}
	if usual, _ := shown.Usual(ctx, model, 5); usual != before {
		t.Errorf("within the minute: %v, then %v", before, usual)
	}
	now = now.Add(time.Minute)
	usual, _ := shown.Usual(ctx, model, 5)
	about(t, "a minute later", usual, 200*time.Second)
	if other, _ := shown.Usual(ctx, model, 10); other == usual {
		t.Errorf("longer videos take as long: %v", other)
	}

	// If the records can't be read, the last reading stays in use.
	now = now.Add(time.Minute)
	fake.Fail(func(dynamotest.Call) dynamotest.Fault {
		return dynamotest.Fault{Status: 500, Code: "InternalServerError"}
	})
	if still, _ := shown.Usual(ctx, model, 5); still != usual || !strings.Contains(logged.String(), "reading the timings failed") {
		t.Errorf("while the table fails: %v, logged %s", still, &logged)
	}
}
