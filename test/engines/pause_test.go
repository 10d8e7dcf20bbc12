package engines_test

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/takeup/takeup/internal/video"
)

// testPaused: no claim is written while the control says that the table is paused, or
// is another's, and one of many is once it is resumed.
func (e engine) testPaused(t *testing.T) {
	e.create(t, "paused")
	jobs := e.open("paused", nil)
	claim := func() error {
		for {
			read, version, err := jobs.Get(t.Context(), "job")
			if err != nil {
				return err
			}
			read.Attempt++
			read.Reserve(1, time.Date(2026, 8, 21, 12, 0, 0, 0, time.UTC))
			_, _, err = jobs.Claim(t.Context(), read, version, video.Limits{DayMicros: 1000, InFlight: 100})
			var conflict *video.Conflict
			if !errors.As(err, &conflict) || version != "1" {
				return err
			}
		}
	}
	if _, _, err := jobs.Create(t.Context(), entry(t, "job")); err != nil {
		t.Fatal(err)
	}
	control := func(change func(video.Control) video.Control) {
		t.Helper()
		read, version, err := jobs.Control(t.Context())
		if err == nil {
			err = jobs.PutControl(t.Context(), change(read), version)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	at := time.Date(2026, 8, 21, 12, 0, 0, 0, time.UTC)
	control(func(c video.Control) video.Control { return c.Pause("paused", "ann", "a bill", at) })
	var paused *video.Paused
	if err := claim(); !errors.As(err, &paused) || paused.By != "ann" || !paused.Since.Equal(at) {
		t.Errorf("claimed while it is paused: %v", err)
	}
	control(func(video.Control) video.Control { return video.Control{Table: "another"} })
	if err := claim(); !errors.As(err, &paused) || paused.CopyOf != "another" {
		t.Errorf("claimed in a copy: %v", err)
	}
	control(func(video.Control) video.Control { return video.Control{Table: "paused"} })
	var won atomic.Int64
	var group sync.WaitGroup
	for range 10 {
		group.Go(func() {
			var conflict *video.Conflict
			switch err := claim(); {
			case err == nil:
				won.Add(1)
			case !errors.As(err, &conflict):
				t.Error(err)
			}
		})
	}
	group.Wait()
	if read, _, err := jobs.Get(t.Context(), "job"); err != nil || won.Load() < 1 || read.Attempt != entry(t, "job").Attempt+int(won.Load()) {
		t.Errorf("%d claimed, and the job is %+v, %v", won.Load(), read, err)
	}
}
