package simulator_test

import (
	"context"
	"fmt"
	"net/url"
	"testing"
	"time"

	"github.com/takeup/takeup/internal/simulator"
	"github.com/takeup/takeup/internal/simulator/contract"
)

// faulty starts a world where calls of one kind meet a fault, and delays pass on the world's clock.
func faulty(t *testing.T, kind simulator.Kind, fault simulator.Fault) *world {
	var w *world
	w = newWorld(t, func(c *simulator.Config) {
		c.Plan = func(call simulator.Call) simulator.Fault {
			if call.Kind == kind {
				return fault
			}
			return simulator.Fault{}
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
		fault    simulator.Fault
		dropped  bool
		status   int
		retry    string
		accepted int
		failed   int // rows of it in the logs
		label    string
	}{
		"reset before":  {simulator.Fault{Reset: true}, true, 0, "", 0, 0, "reset"},
		"reset after":   {simulator.Fault{Reset: true, After: true}, true, 0, "", 1, 0, "reset after"},
		"503 before":    {simulator.Fault{Status: 503}, false, 503, "", 0, 1, "status 503"},
		"503 after":     {simulator.Fault{Status: 503, After: true}, false, 503, "", 1, 0, "status 503 after"},
		"429":           {simulator.Fault{Status: 429}, false, 429, "", 0, 1, "status 429"},
		"429, told":     {simulator.Fault{Status: 429, RetryAfter: "12"}, false, 429, "12", 0, 1, "status 429"},
		"malformed":     {simulator.Fault{Body: "<html>", After: true}, false, 201, "", 1, 0, "body after"},
		"empty 504":     {simulator.Fault{Body: " ", Status: 504}, false, 504, "", 0, 1, "status 504"},
		"late":          {simulator.Fault{DelaySeconds: 3, After: true}, false, 201, "", 1, 0, "delay after"},
		"unknown word":  {simulator.Fault{Word: "waiting"}, false, 201, "", 1, 0, "word waiting"},
		"with its name": {simulator.Fault{Name: "mine", Status: 500}, false, 500, "", 0, 1, "mine"},
	} {
		t.Run(name, func(t *testing.T) {
			w := faulty(t, simulator.KindCreate, tc.fault)
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
			if l.Faults["create/"+tc.label] != 1 || l.Calls[simulator.KindCreate] != 1 {
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
	read := func(t *testing.T, fault simulator.Fault) (*world, answer) {
		w := faulty(t, simulator.KindRetrieve, fault)
		id := w.create("a.1")
		w.clock.Move(100 * time.Second)
		return w, w.call("GET", contract.LegacyPath+"?generation_id="+url.QueryEscape(id), "")
	}
	t.Run("not found", func(t *testing.T) {
		if _, a := read(t, simulator.Fault{Status: 404}); a.status != 404 {
			t.Errorf("status %d", a.status)
		}
	})
	t.Run("word", func(t *testing.T) {
		var g generation
		_, a := read(t, simulator.Fault{Word: "processing"})
		if a.into(t, &g); g.Status != "processing" {
			t.Errorf("got %s", a.body)
		}
	})
	t.Run("no url", func(t *testing.T) {
		var g generation
		_, a := read(t, simulator.Fault{NoURL: true})
		if a.into(t, &g); g.Status != "completed" || g.Video != nil {
			t.Errorf("got %s", a.body)
		}
	})
	t.Run("expired url", func(t *testing.T) {
		var g generation
		w, a := read(t, simulator.Fault{ExpiredURL: true})
		if a.into(t, &g); w.call("GET", g.Video.URL, "").status != 403 {
			t.Errorf("got %s", a.body)
		}
	})
	t.Run("listed url", func(t *testing.T) {
		var g struct{ Video []struct{ URL string } }
		w, a := read(t, simulator.Fault{ListURL: true})
		if a.into(t, &g); w.call("GET", g.Video[0].URL, "").status != 200 {
			t.Errorf("got %s", a.body)
		}
	})
}

func TestFaultsOfDownload(t *testing.T) {
	for name, tc := range map[string]struct {
		fault  simulator.Fault
		status int
		failed bool
		bytes  int
	}{
		"cut":   {simulator.Fault{CutAfter: 1000}, 200, true, 1000},
		"reset": {simulator.Fault{Reset: true}, 0, true, 0},
		// No reader can tell this one from a whole file.
		"unframed": {simulator.Fault{Unframed: true, CutAfter: 1000}, 200, false, 1000},
		"status":   {simulator.Fault{Status: 503}, 503, false, -1},
	} {
		t.Run(name, func(t *testing.T) {
			w := faulty(t, simulator.KindDownload, tc.fault)
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
		var plan simulator.Plan = func(c simulator.Call) simulator.Fault {
			if c.Kind == simulator.KindLogs || c.Kind == simulator.KindTransactions {
				return simulator.Fault{HideEvery: every}
			}
			return simulator.Fault{}
		}
		w := newWorld(t, func(c *simulator.Config) { c.Plan = plan })
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
	told := map[simulator.Call]bool{}
	w := newWorld(t, func(c *simulator.Config) {
		c.Plan = func(call simulator.Call) simulator.Fault {
			told[call] = true
			return simulator.Fault{}
		}
	})
	id := w.create("a.1")
	w.create("a.1")
	w.retrieve(id)
	w.call("GET", "/v2/billing", "")
	for _, want := range []simulator.Call{
		{Kind: simulator.KindCreate, Count: 1, ID: "a.1", Repeat: 1}, {Kind: simulator.KindCreate, Count: 2, ID: "a.1", Repeat: 2},
		{Kind: simulator.KindRetrieve, Count: 1, ID: id, Repeat: 1}, {Kind: simulator.KindBilling, Count: 1},
	} {
		if !told[want] {
			t.Errorf("not told of %+v", want)
		}
	}
}

// A caller that hangs up while it is held back ends the wait.
func TestDelayEndsWithTheCaller(t *testing.T) {
	held := make(chan struct{})
	ended := make(chan error, 1)
	w := newWorld(t, func(c *simulator.Config) {
		c.Plan = func(simulator.Call) simulator.Fault { return simulator.Fault{DelaySeconds: 1e6, After: true} }
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
