package sim_test

import (
	"context"
	"fmt"
	"net/url"
	"testing"
	"time"

	"github.com/takeup/takeup/internal/provider/aimlapi/sim"
	"github.com/takeup/takeup/internal/provider/aimlapi/sim/contract"
	"github.com/takeup/takeup/internal/provider/aimlapi/sim/script"
)

// faulty starts a world where calls of one kind meet a fault, and delays pass on the world's clock.
func faulty(t *testing.T, kind script.Kind, fault script.Fault) *world {
	var w *world
	w = newWorld(t, func(c *sim.Config) {
		c.Plan = func(call script.Call) script.Fault {
			if call.Kind == kind {
				return fault
			}
			return script.Fault{}
		}
		c.Sleep = func(_ context.Context, d time.Duration) error {
			w.clock.Move(d)
			return nil
		}
	})
	return w
}

func TestFaultsOfCreate(t *testing.T) {
	for name, tc := range map[string]struct {
		fault    script.Fault
		dropped  bool
		status   int
		retry    string
		accepted int
		failed   int // its rows in the logs
		label    string
	}{
		"reset before":  {script.Fault{Reset: true}, true, 0, "", 0, 0, "reset"},
		"reset after":   {script.Fault{Reset: true, After: true}, true, 0, "", 1, 0, "reset after"},
		"503 before":    {script.Fault{Status: 503}, false, 503, "", 0, 1, "status 503"},
		"503 after":     {script.Fault{Status: 503, After: true}, false, 503, "", 1, 0, "status 503 after"},
		"429":           {script.Fault{Status: 429}, false, 429, "", 0, 1, "status 429"},
		"429, told":     {script.Fault{Status: 429, RetryAfter: "12"}, false, 429, "12", 0, 1, "status 429"},
		"malformed":     {script.Fault{Body: "<html>", After: true}, false, 201, "", 1, 0, "body after"},
		"empty 504":     {script.Fault{Body: " ", Status: 504}, false, 504, "", 0, 1, "status 504"},
		"late":          {script.Fault{DelaySeconds: 3, After: true}, false, 201, "", 1, 0, "delay after"},
		"unknown word":  {script.Fault{Word: "waiting"}, false, 201, "", 1, 0, "word waiting"},
		"with its name": {script.Fault{Name: "mine", Status: 500}, false, 500, "", 0, 1, "mine"},
	} {
		t.Run(name, func(t *testing.T) {
			w := faulty(t, script.KindCreate, tc.fault)
			a, err := w.try("POST", contract.LegacyPath, `{"model":"`+v1pro+`","prompt":"p"}`, "X-Client-Request-Id", "a.1")
			if (err != nil) != tc.dropped || a.status != tc.status {
				t.Fatalf("got %d, %v", a.status, err)
			}
			if !tc.dropped && (a.header.Get("Retry-After") != tc.retry || a.header.Get("X-Inference-Id") == "") {
				t.Errorf("headers %v", a.header)
			}
			if tc.fault.Body != "" && string(a.body) != tc.fault.Body {
				t.Errorf("body %q", a.body)
			}
			if tc.fault.Status != 0 && tc.fault.Body == "" {
				conforms(t, "error", a.body)
			}
			w.clock.Move(100 * time.Second)
			l := w.server.Ledger()
			if len(l.Generations) != tc.accepted || l.ChargedCredits != int64(tc.accepted)*1_960_000 {
				t.Errorf("%d accepted, %d charged", len(l.Generations), l.ChargedCredits)
			}
			if l.Creates[0].Status != tc.status || l.Creates[0].Fault != tc.label || (l.Creates[0].GenerationID != "") != (tc.accepted == 1) {
				t.Errorf("recorded %+v", l.Creates[0])
			}
			if l.Faults["create/"+tc.label] != 1 || l.Calls[script.KindCreate] != 1 {
				t.Errorf("counted %v", l.Faults)
			}
			page := w.logs("period=1h")
			failed := 0
			for _, row := range page.Data {
				if row.Status == "failed" {
					failed++
				}
			}
			if failed != tc.failed || len(page.Data) != tc.failed+tc.accepted {
				t.Errorf("%d failed rows of %d", failed, len(page.Data))
			}
		})
	}
}

func TestFaultsOfRetrieve(t *testing.T) {
	read := func(t *testing.T, fault script.Fault) (*world, answer) {
		w := faulty(t, script.KindRetrieve, fault)
		id := w.create("a.1")
		w.clock.Move(100 * time.Second)
		return w, w.call("GET", contract.LegacyPath+"?generation_id="+url.QueryEscape(id), "")
	}
	t.Run("not found", func(t *testing.T) {
		if _, a := read(t, script.Fault{Status: 404}); a.status != 404 {
			t.Errorf("status %d", a.status)
		}
	})
	t.Run("word", func(t *testing.T) {
		var g generation
		_, a := read(t, script.Fault{Word: "processing"})
		if a.into(t, &g); g.Status != "processing" {
			t.Errorf("got %s", a.body)
		}
	})
	t.Run("no url", func(t *testing.T) {
		var g generation
		_, a := read(t, script.Fault{NoURL: true})
		if a.into(t, &g); g.Status != "completed" || g.Video != nil {
			t.Errorf("got %s", a.body)
		}
	})
	t.Run("expired url", func(t *testing.T) {
		var g generation
		w, a := read(t, script.Fault{ExpiredURL: true})
		if a.into(t, &g); w.call("GET", g.Video.URL, "").status != 403 {
			t.Errorf("got %s", a.body)
		}
	})
	t.Run("listed url", func(t *testing.T) {
		var g struct{ Video []struct{ URL string } }
		w, a := read(t, script.Fault{ListURL: true})
		if a.into(t, &g); w.call("GET", g.Video[0].URL, "").status != 200 {
			t.Errorf("got %s", a.body)
		}
	})
}

func TestFaultsOfDownload(t *testing.T) {
	for name, tc := range map[string]struct {
		fault  script.Fault
		status int
		failed bool
		bytes  int
	}{
		"cut":   {script.Fault{CutAfter: 1000}, 200, true, 1000},
		"reset": {script.Fault{Reset: true}, 0, true, 0},
		// No reader can tell this one from a complete file.
		"unframed": {script.Fault{Unframed: true, CutAfter: 1000}, 200, false, 1000},
		"status":   {script.Fault{Status: 503}, 503, false, -1},
	} {
		t.Run(name, func(t *testing.T) {
			w := faulty(t, script.KindDownload, tc.fault)
			_, file := w.done()
			a, err := w.try("GET", file, "")
			if a.status != tc.status || (err != nil) != tc.failed || tc.bytes >= 0 && len(a.body) != tc.bytes {
				t.Errorf("%d, %d bytes, %v", a.status, len(a.body), err)
			}
		})
	}
}

func TestFaultsOfReports(t *testing.T) {
	for every, want := range map[int]int{1: 0, 2: 2, 3: 3, 5: 4} {
		var plan script.Plan = func(c script.Call) script.Fault {
			if c.Kind == script.KindLogs || c.Kind == script.KindTransactions {
				return script.Fault{HideEvery: every}
			}
			return script.Fault{}
		}
		w := newWorld(t, func(c *sim.Config) { c.Plan = plan })
		for i := range 4 {
			w.create(fmt.Sprintf("%d.1", i))
		}
		w.clock.Move(100 * time.Second)
		if page := w.logs("period=1h"); len(page.Data) != want || page.Pagination.Total != want {
			t.Errorf("every %d: %d rows, total %d", every, len(page.Data), page.Pagination.Total)
		}
		if n := len(w.transactions("direction=CHARGE").Data); n != want {
			t.Errorf("every %d: %d entries", every, n)
		}
	}
}

func TestThePlanIsToldOfEachCall(t *testing.T) {
	told := map[script.Call]bool{}
	w := newWorld(t, func(c *sim.Config) {
		c.Plan = func(call script.Call) script.Fault {
			told[call] = true
			return script.Fault{}
		}
	})
	id := w.create("a.1")
	w.create("a.1")
	w.retrieve(id)
	w.call("GET", "/v2/billing", "")
	for _, want := range []script.Call{
		{Kind: script.KindCreate, Count: 1, ID: "a.1", Repeat: 1}, {Kind: script.KindCreate, Count: 2, ID: "a.1", Repeat: 2},
		{Kind: script.KindRetrieve, Count: 1, ID: id, Repeat: 1}, {Kind: script.KindBilling, Count: 1},
	} {
		if !told[want] {
			t.Errorf("not told of %+v", want)
		}
	}
}

// A caller that hangs up ends its delay.
func TestDelayEndsWithTheCaller(t *testing.T) {
	held := make(chan struct{})
	ended := make(chan error, 1)
	w := newWorld(t, func(c *sim.Config) {
		c.Plan = func(script.Call) script.Fault { return script.Fault{DelaySeconds: 1e6, After: true} }
		c.Sleep = func(ctx context.Context, _ time.Duration) error {
			close(held)
			<-ctx.Done()
			ended <- ctx.Err()
			return ctx.Err()
		}
	})
	ctx, hangUp := context.WithCancel(t.Context())
	go func() {
		<-held
		hangUp()
	}()
	if err := w.post(ctx); err == nil {
		t.Error("it was answered")
	}
	if err := <-ended; err == nil {
		t.Error("the wait did not end with the caller")
	}
	if n := len(w.server.Ledger().Generations); n != 1 {
		t.Errorf("%d accepted, want 1", n)
	}
}
