package engines_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/takeup/takeup/internal/video/report"
)

// testProgress records the steps' progress: it is read with the job and changes no version.
func (e engine) testProgress(t *testing.T) {
	jobs, ctx := e.open("jobs", nil), t.Context()
	_, version, err := jobs.Create(ctx, entry(t, "told"))
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 8, 21, 10, 0, 0, 0, time.UTC)
	told := report.Progress{
		Step:   report.StepSubmit,
		Wait:   report.Wait{Kind: report.WaitRoom, At: at, Attempt: 2, NextAt: at.Add(time.Minute), Until: at.Add(time.Hour), LastError: "429"},
		Events: []report.Event{{At: at, Kind: report.EventRefused, Number: 2, Times: 2, Said: "429"}},
	}
	done := report.Progress{Step: report.StepCheck, Events: []report.Event{{At: at, Kind: report.EventDone}}}
	for _, p := range []report.Progress{done, {Step: report.StepSubmit}, told} {
		if err := jobs.PutProgress(ctx, "told", p); err != nil {
			t.Fatal(err)
		}
	}
	read, now, err := jobs.Get(ctx, "told")
	if want := []report.Progress{told, done}; err != nil || now != version || !reflect.DeepEqual(read.Progress, want) {
		t.Errorf("at version %s, %v, %v:\ngot  %+v\nwant %+v", now, version, err, read.Progress, want)
	}
	if _, _, err := jobs.Update(ctx, read, version); err != nil {
		t.Errorf("it conflicts with the job's write: %v", err)
	}
}
