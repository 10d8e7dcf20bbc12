package timings_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/takeup/takeup/internal/s3fake"
	"github.com/takeup/takeup/internal/schedule"
	"github.com/takeup/takeup/internal/timings"
	"github.com/takeup/takeup/internal/video"
)

const (
	bucket = "videos"
	model  = video.DefaultModel
	key    = "times/kling-video/v1/pro/text-to-video/5.json"
)

// metrics is a provider that measured something, or fails.
type metrics struct {
	measured video.Percentiles
	ok       bool
	err      error
	asked    int
}

func (m *metrics) Metrics(context.Context, string) (video.Percentiles, bool, error) {
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
	fake, logged := s3fake.New(t), &bytes.Buffer{}
	kept, ctx := timings.New(fake.Client(), bucket, nil, logTo(logged)), t.Context()
	before, ok := kept.Usual(ctx, model, 5)
	if !ok {
		t.Fatal("nothing is usual")
	}
	about(t, "the built-in time", before, 80*time.Second)
	for i := range schedule.Window + 5 {
		kept.Learn(ctx, model, 5, seenAt(195+i%10))
	}
	after, _ := kept.Usual(ctx, model, 5)
	about(t, "what was learned", after, 200*time.Second)
	if left, ok := kept.Left(ctx, model, 5, 150*time.Second); !ok || left > 60*time.Second {
		t.Errorf("at 150 s there is left %v, %v", left, ok)
	}
	other, _ := kept.Usual(ctx, model, 10)
	about(t, "that of longer videos", other, 160*time.Second)

	object, ok := fake.Object(bucket, key)
	if !ok || len(object.Body) > 1000 || strings.Count(string(object.Body), "[")-1 != schedule.Window {
		t.Errorf("kept is %s", object.Body)
	}
	if logged.Len() > 0 {
		t.Errorf("logged: %s", logged)
	}
}

func TestTheProvidersMetricsStandInUntilThereAreEnough(t *testing.T) {
	fake, provider := s3fake.New(t), &metrics{measured: video.Percentiles{P50: 300 * time.Second, P90: 400 * time.Second}, ok: true}
	kept, ctx := timings.New(fake.Client(), bucket, provider, slog.New(slog.DiscardHandler)), t.Context()
	usual, _ := kept.Usual(ctx, model, 5)
	about(t, "what the provider measured", usual, 300*time.Second)
	for range schedule.Window {
		kept.Learn(ctx, model, 5, seenAt(90))
	}
	asked := provider.asked
	usual, _ = kept.Usual(ctx, model, 5)
	about(t, "what was learned", usual, 90*time.Second)
	if provider.asked != asked {
		t.Error("the provider is still asked")
	}
}

// A late first look says that a generation is not longer; above what is usual that
// says nothing.
func TestLearnLeavesOutWhatTellsNothing(t *testing.T) {
	fake := s3fake.New(t)
	kept, ctx := timings.New(fake.Client(), bucket, nil, slog.New(slog.DiscardHandler)), t.Context()
	kept.Learn(ctx, model, 5, schedule.Seen{By: time.Hour})
	kept.Learn(ctx, model, 5, schedule.Seen{After: 2 * time.Second, By: 5 * time.Minute})
	if object, ok := fake.Object(bucket, key); ok {
		t.Errorf("kept is %s", object.Body)
	}
	kept.Learn(ctx, model, 5, schedule.Seen{By: 20 * time.Second})
	if object, _ := fake.Object(bucket, key); string(object.Body) != `{"seen":[[0,20]]}` {
		t.Errorf("kept is %s", object.Body)
	}
}

// What is known is never a reason to fail: whatever goes wrong, there is a
// forecast, and a line in the log.
func TestWhatGoesWrongIsLogged(t *testing.T) {
	for name, c := range map[string]struct {
		op     string
		fault  s3fake.Fault
		failed error
		said   string
	}{
		"reading is refused":      {op: "GetObject", fault: s3fake.Fault{Status: 403, Code: "AccessDenied"}, said: "reading the timings failed"},
		"reading is cut":          {op: "GetObject", fault: s3fake.Fault{CutBody: true}, said: "reading the timings failed"},
		"writing is refused":      {op: "PutObject", fault: s3fake.Fault{Status: 403, Code: "AccessDenied"}, said: "writing the timings failed"},
		"others always write":     {op: "PutObject", fault: s3fake.Fault{Status: 409, Code: "ConditionalRequestConflict"}, said: "timing not kept"},
		"the provider has a 502":  {failed: errors.New("it answered 502"), said: "asking the provider for the timings failed"},
		"the object disappears":   {op: "PutObject", fault: s3fake.Fault{Status: 404, Code: "NoSuchKey"}, said: "timing not kept"},
		"S3 answers with garbage": {op: "GetObject", fault: s3fake.Fault{Status: 500, Code: "InternalError"}, said: "reading the timings failed"},
	} {
		t.Run(name, func(t *testing.T) {
			fake, logged := s3fake.New(t), &bytes.Buffer{}
			fake.Put(bucket, key, []byte(`{"seen":[[80,83]]}`))
			fake.Fail(func(call s3fake.Call) s3fake.Fault {
				if call.Op == c.op {
					return c.fault
				}
				return s3fake.Fault{}
			})
			kept := timings.New(fake.Client(), bucket, &metrics{err: c.failed}, logTo(logged))
			kept.Learn(t.Context(), model, 5, seenAt(90))
			usual, ok := kept.Usual(t.Context(), model, 5)
			if !ok {
				t.Error("nothing is usual")
			}
			about(t, "what is usual", usual, 80*time.Second)
			if !strings.Contains(logged.String(), c.said) {
				t.Errorf("logged: %s", logged)
			}
		})
	}
}

// A record that is none, or an odd one, is as good as its good parts, and is
// written over.
func TestBrokenRecords(t *testing.T) {
	for body, want := range map[string]string{
		"":                                   `{"seen":[[87,90]]}`,
		"null":                               `{"seen":[[87,90]]}`,
		"not JSON":                           `{"seen":[[87,90]]}`,
		`{"seen":"no"}`:                      `{"seen":[[87,90]]}`,
		`{"seen":[[-1,5],[9,8],[0,1e300]]}`:  `{"seen":[[87,90]]}`,
		`{"seen":[[1,2,3],[70],[80,83.04]]}`: `{"seen":[[1,2],[80,83],[87,90]]}`,
	} {
		fake := s3fake.New(t)
		fake.Put(bucket, key, []byte(body))
		timings.New(fake.Client(), bucket, nil, slog.New(slog.DiscardHandler)).Learn(t.Context(), model, 5, seenAt(90))
		if object, _ := fake.Object(bucket, key); string(object.Body) != want {
			t.Errorf("%q becomes %s, want %s", body, object.Body, want)
		}
	}
}

// Writers that meet lose no more than what they saw themselves, and break nothing.
func TestManyLearnAtOnce(t *testing.T) {
	fake := s3fake.New(t)
	var wait sync.WaitGroup
	for i := range 8 {
		wait.Go(func() {
			timings.New(fake.Client(), bucket, nil, slog.New(slog.DiscardHandler)).Learn(t.Context(), model, 5, seenAt(80+i))
		})
	}
	wait.Wait()
	object, _ := fake.Object(bucket, key)
	if kept := strings.Count(string(object.Body), "[") - 1; kept < tries || kept > 8 {
		t.Errorf("of 8 are kept %d: %s", kept, object.Body)
	}
}

// tries is at least how many writers of many at once get through: in each round
// one does.
const tries = 3

func FuzzRecord(f *testing.F) {
	for _, seed := range []string{`{"seen":[[80,83]]}`, `{"seen":[[0,20],[1e9,2e9]]}`, `{"seen":null}`, `[`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		fake := &fixed{body: body}
		kept := timings.New(fake, bucket, nil, slog.New(slog.DiscardHandler))
		usual, ok := kept.Usual(t.Context(), model, 5)
		if !ok || usual <= 0 || usual > 14*24*time.Hour {
			t.Errorf("usual is %v, %v", usual, ok)
		}
		kept.Learn(t.Context(), model, 5, seenAt(90))
		if !strings.HasSuffix(string(fake.put), "[87,90]]}") {
			t.Errorf("it becomes %q", fake.put)
		}
	})
}
