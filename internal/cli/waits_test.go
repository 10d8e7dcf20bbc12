package cli

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/takeup/takeup/internal/api/apitest"
	"github.com/takeup/takeup/internal/api/server"
	"github.com/takeup/takeup/internal/budget"
	"github.com/takeup/takeup/internal/cli/clitest"
	"github.com/takeup/takeup/internal/jobs"
	"github.com/takeup/takeup/internal/jobs/runs"
	"github.com/takeup/takeup/internal/table"
	"github.com/takeup/takeup/internal/table/dynamotest"
	"github.com/takeup/takeup/internal/video"
	"github.com/takeup/takeup/internal/video/report"
)

// unknown has neither times nor prices of videos.
type unknown struct{}

func (unknown) Left(context.Context, string, int, time.Duration) (time.Duration, bool) {
	return 0, false
}

func (unknown) Usual(context.Context, string, int) (time.Duration, bool) { return 0, false }

func (unknown) Charged(context.Context, string, int) (int64, bool) { return 0, false }

// noManifests is a bucket that is never called.
type noManifests struct{ jobs.Manifests }

// TestGetShowsEachWait serves jobs in a table through the API, one in each kind of wait, and
// checks what get prints.
func TestGetShowsEachWait(t *testing.T) {
	at := func(seconds int) time.Time { return apitest.Created.Add(time.Duration(seconds) * time.Second) }
	marks := 0
	mark := func() string { marks++; return fmt.Sprint(marks) }
	kept := table.New(&dynamotest.Items{}, "jobs", mark, func(time.Duration) time.Duration { return 0 })
	now := at(600)
	api := server.API{
		Jobs: jobs.New(kept, noManifests{}, runs.Executions{}, func() time.Time { return now }), Estimator: unknown{}, Random: rand.Reader,
		Now: func() time.Time { return now }, Log: slog.New(slog.DiscardHandler),
	}
	api.Page = api.NotFound()
	server := httptest.NewServer(api.Handler())
	t.Cleanup(server.Close)

	boat := clitest.Request(t, "a paper boat")
	event := func(seconds int, kind report.EventKind, number, times int, message string) report.Event {
		return report.Event{At: at(seconds), Kind: kind, Number: number, Times: times, Said: message}
	}
	accepted := func(e *video.Entry) {
		e.Phase, e.Attempt, e.ClaimedAt, e.SubmittedAt, e.GenerationID = video.PhaseAccepted, 1, at(1), at(1), "generation-1"
	}
	done := report.Progress{Step: report.StepCheck, Wait: report.Wait{Kind: report.WaitVideo, At: at(90)}, Events: []report.Event{event(90, report.EventPolled, 0, 12, ""), event(90, report.EventDone, 0, 0, "")}}
	var printed strings.Builder
	w := newShell(t)
	for _, job := range []struct {
		id       string
		change   func(*video.Entry)
		progress []report.Progress
	}{
		{"start", func(*video.Entry) {}, nil},
		{"submission", func(e *video.Entry) {
			e.Phase, e.Attempt, e.ClaimedAt, e.ClaimedUntil = video.PhaseClaimed, 1, at(590), at(645)
		}, nil},
		{"cap", func(e *video.Entry) { e.FullSince = at(1) }, []report.Progress{{
			Step: report.StepSubmit,
			Wait: report.Wait{
				Kind: report.WaitCap, At: at(1), NextAt: at(43200), Until: at(86401),
				LastError: (&budget.NoRoom{Limit: "day", Held: 99_500_000, Of: 100_000_000}).Error(),
			},
		}}},
		{"room", func(e *video.Entry) {
			e.Phase, e.Attempt, e.ClaimedAt, e.BusySince, e.RetryAt = video.PhaseRefused, 4, at(500), at(1), at(740)
		}, []report.Progress{{
			Step:   report.StepSubmit,
			Wait:   report.Wait{Kind: report.WaitRoom, At: at(501), Attempt: 4, NextAt: at(740), Until: at(86401), LastError: "Too Many Requests"},
			Events: []report.Event{event(501, report.EventRefused, 4, 4, "Too Many Requests")},
		}}},
		{"answer", func(e *video.Entry) { e.Phase, e.Attempt, e.ClaimedAt = video.PhaseUnanswered, 1, at(1) }, []report.Progress{{
			Step:   report.StepSubmit,
			Wait:   report.Wait{Kind: report.WaitAnswer, At: at(580), Attempt: 1, NextAt: at(720), Until: at(7256)},
			Events: []report.Event{event(46, report.EventUnanswered, 1, 0, ""), event(580, report.EventSearched, 1, 4, "")},
		}}},
		{"generation", accepted, []report.Progress{{
			Step:   report.StepCheck,
			Wait:   report.Wait{Kind: report.WaitGeneration, At: at(580), NextAt: at(610), Until: at(86401), LastError: "the provider was asked too often"},
			Events: []report.Event{event(580, report.EventPolled, 0, 12, "the provider was asked too often")},
		}}},
		{"video", accepted, []report.Progress{done, {
			Step:   report.StepStore,
			Wait:   report.Wait{Kind: report.WaitVideo, At: at(570), NextAt: at(630), Until: at(16000), LastError: "the source answered with 503"},
			Events: []report.Event{event(540, report.EventCopyFailed, 1, 0, "the source answered with 503"), event(570, report.EventCopyFailed, 2, 0, "the source answered with 503")},
		}}},
	} {
		e := video.Entry{ID: job.id, Request: boat, RequestHash: boat.Hash(), CreatedAt: at(0), Origin: video.Origin{Trigger: video.TriggerAPI}, Execution: job.id, Started: true}
		job.change(&e)
		if _, _, err := kept.Create(t.Context(), e); err != nil {
			t.Fatal(err)
		}
		for _, p := range job.progress {
			if err := kept.PutProgress(t.Context(), job.id, p); err != nil {
				t.Fatal(err)
			}
		}
		w.Out.Reset()
		if status := w.run(t.Context(), "get", job.id, "--url", server.URL, "--token", apitest.Token); status != 0 {
			t.Fatalf("%s: %d, %s", job.id, status, &w.Err)
		}
		fmt.Fprintf(&printed, "$ takeup get %s\n%s\n", job.id, &w.Out)
	}
	clitest.Golden(t, "get-waits", printed.String())
}
