package engines_test

import (
	"errors"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/takeup/takeup/internal/budget"
	"github.com/takeup/takeup/internal/operator"
	"github.com/takeup/takeup/internal/video"
)

// testPaused: no claim is written while the control says that the table is paused, or is the
// control of another table. After a resume, at least one of many concurrent claims is.
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
			_, _, err = jobs.Claim(t.Context(), read, version, budget.Limits{DayMicros: 1000, InFlight: 100})
			var conflict *video.Conflict
			if !errors.As(err, &conflict) || version != "1" {
				return err
			}
		}
	}
	if _, _, err := jobs.Create(t.Context(), entry(t, "job")); err != nil {
		t.Fatal(err)
	}
	control := func(change func(operator.Control) operator.Control) {
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
	control(func(c operator.Control) operator.Control { return c.Pause("paused", "ann", "a bill", at) })
	var paused *operator.Paused
	if err := claim(); !errors.As(err, &paused) || paused.By != "ann" || !paused.Since.Equal(at) {
		t.Errorf("claimed while it is paused: %v", err)
	}
	control(func(operator.Control) operator.Control { return operator.Control{Table: "another"} })
	if err := claim(); !errors.As(err, &paused) || paused.CopyOf != "another" {
		t.Errorf("claimed in a copy: %v", err)
	}
	control(func(operator.Control) operator.Control { return operator.Control{Table: "paused"} })
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

	// A decision while a claim is in flight makes the claim fail.
	plain := e
	plain.turn = nil // the claim holds the turn
	other, lowered := plain.open("paused", nil), operator.Caps{DayMicros: new(int64(1)), By: "ann", At: at}
	decided := false
	jobs = e.open("paused", deciding{func() {
		read, version, err := other.Control(t.Context())
		if err == nil && !decided {
			err = other.PutControl(t.Context(), read.SetCaps("paused", lowered), version)
		}
		if decided = true; err != nil {
			t.Error(err)
		}
	}})
	read, version, err := jobs.Get(t.Context(), "job")
	if err != nil {
		t.Fatal(err)
	}
	read.Attempt, read.ClaimedAt = read.Attempt+1, at
	read.Reserve(2, at)
	var conflict *video.Conflict
	if _, _, err := jobs.Claim(t.Context(), read, version, budget.Limits{DayMicros: 1000}); !errors.As(err, &conflict) {
		t.Errorf("a cap was lowered before its transaction: %v", err)
	}
	var full *budget.NoRoom
	if _, _, err := jobs.Claim(t.Context(), read, version, budget.Limits{DayMicros: 1000}); !errors.As(err, &full) || full.Limit != "day" || full.Of != 1 {
		t.Errorf("by the lowered cap: %v", err)
	}
	if after, again, err := jobs.Get(t.Context(), "job"); err != nil || again != version {
		t.Errorf("the job is %+v, %v", after, err)
	}
}

// deciding is a transport that calls decide before each transaction.
type deciding struct{ decide func() }

func (d deciding) RoundTrip(r *http.Request) (*http.Response, error) {
	if strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".TransactWriteItems") {
		d.decide()
	}
	return http.DefaultTransport.RoundTrip(r)
}
