package aimlapi_test

import (
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/takeup/takeup/internal/provider"
	"github.com/takeup/takeup/internal/provider/aimlapi"
	"github.com/takeup/takeup/internal/provider/aimlapi/sim"
	"github.com/takeup/takeup/internal/provider/aimlapi/sim/script"
	"github.com/takeup/takeup/internal/video"
)

// standIn starts the simulator on a test clock.
func standIn(t *testing.T, change func(*script.Settings), plan script.Plan) (*sim.Server, string, func(time.Duration)) {
	t.Helper()
	settings := script.DefaultSettings()
	settings.Keys = []string{key().Value}
	change(&settings)
	clock := make(chan time.Time, 1)
	clock <- now()
	read := func() time.Time { at := <-clock; clock <- at; return at }
	balance := 100.0
	settings.BalanceUSD = &balance
	server, err := sim.New(sim.Config{Settings: settings, Clock: read, Plan: plan})
	if err != nil {
		t.Fatal(err)
	}
	listening := httptest.NewServer(server)
	t.Cleanup(listening.Close)
	return server, listening.URL, func(d time.Duration) { clock <- (<-clock).Add(d) }
}

// The client and the simulator agree on a job's whole life, on both routes and with both
// forms of IDs.
func TestAgainstTheStandIn(t *testing.T) {
	for _, route := range []aimlapi.Route{aimlapi.RouteLegacy, aimlapi.RouteUniversal} {
		for _, form := range []string{script.IDBare, script.IDWithModel} {
			t.Run(string(route)+" "+form, func(t *testing.T) {
				server, url, pass := standIn(t, func(s *script.Settings) { s.IDForm = form }, nil)
				c, ctx := aimlapi.New(aimlapi.Config{BaseURL: url, Route: route, Now: now}), t.Context()
				generation, err := c.Submit(ctx, key(), "job-1.1", boat(t))
				if err != nil || generation.State != provider.Running || !strings.HasPrefix(string(generation.Handle), string(route)+":") {
					t.Fatalf("submitted: %+v, %v", generation, err)
				}
				running, err := c.Retrieve(ctx, key(), generation.Handle)
				if err != nil || running.State != provider.Running || running.ID != generation.ID {
					t.Errorf("running: %+v, %v", running, err)
				}
				if rows, err := c.Requests(ctx, key(), now().Add(-time.Hour), now().Add(time.Hour)); err != nil || len(rows) != 0 {
					t.Errorf("logged before its end: %+v, %v", rows, err)
				}
				pass(2 * time.Minute)
				done, err := c.Retrieve(ctx, key(), generation.Handle)
				if err != nil || done.State != provider.Finished || !strings.HasPrefix(done.URL, url) || done.Micros <= 0 {
					t.Errorf("done: %+v, %v", done, err)
				}
				rows, err := c.Requests(ctx, key(), now().Add(-time.Hour), now().Add(time.Hour))
				if err != nil || len(rows) != 1 || rows[0].Reference != "job-1.1" || rows[0].Failed || rows[0].Model != model {
					t.Fatalf("logged: %+v, %v", rows, err)
				}
				// A row's ID finds the generation in either form.
				if found, err := c.Retrieve(ctx, key(), c.Handle(rows[0].ID, boat(t))); err != nil || found.ID != generation.ID {
					t.Errorf("found: %+v, %v", found, err)
				}
				charges, err := c.Charges(ctx, key(), now().Add(-time.Hour), now().Add(time.Hour))
				if err != nil || len(charges) != 1 || charges[0].Micros != done.Micros || charges[0].ID != rows[0].ID {
					t.Errorf("charged: %+v, %v", charges, err)
				}
				ledger := server.Ledger()
				if len(ledger.Creates) != 1 || ledger.Creates[0].ClientRequestID != "job-1.1" || ledger.ChargedCredits != aimlapi.CreditsOfMicros(done.Micros) {
					t.Errorf("its ledger: %+v", ledger)
				}
			})
		}
	}
}

func TestRefusalsOfTheStandIn(t *testing.T) {
	_, url, _ := standIn(t, func(s *script.Settings) { s.CreatesPerMinute, s.LimitRetryAfter = 1, "17" }, nil)
	c, ctx := client(url), t.Context()
	_, err := c.Submit(ctx, video.Key{Value: "another-key"}, "job.1", boat(t))
	if got := asRefusal(t, err); got.Kind != provider.RefusedKey {
		t.Errorf("another key: %+v", got)
	}
	if _, err := submit(t, c); err != nil {
		t.Fatal(err)
	}
	_, err = submit(t, c)
	if got := asRefusal(t, err); got.Kind != provider.RefusedBusy || got.RetryAfter != 17*time.Second {
		t.Errorf("over the limit: %+v", got)
	}
	_, err = c.Retrieve(ctx, key(), at(aimlapi.RouteLegacy, "00000000-0000-4000-8000-000000000000"))
	if got := asRefusal(t, err); got.Kind != provider.RefusedUnknown {
		t.Errorf("an unknown id: %+v", got)
	}

	server, url, _ := standIn(t, func(*script.Settings) {}, nil)
	settings, none := server.Settings(), 0.0
	settings.BalanceUSD = &none
	if err := server.Change(settings); err != nil {
		t.Fatal(err)
	}
	_, err = submit(t, client(url))
	if got := asRefusal(t, err); got.Kind != provider.RefusedFunds {
		t.Errorf("without credits: %+v", got)
	}
	if charged := server.Ledger().ChargedCredits; charged != 0 {
		t.Errorf("charged %d credits", charged)
	}
}

// An accepted submission whose answer was lost is found by its client request ID once the
// generation has ended.
func TestLostAnswersAreInTheLogs(t *testing.T) {
	for name, fault := range map[string]script.Fault{
		"reset": {After: true, Reset: true},
		"500":   {After: true, Status: 500},
		"524":   {After: true, Status: 524, Body: "<html>"},
	} {
		t.Run(name, func(t *testing.T) {
			server, url, pass := standIn(t, func(*script.Settings) {}, func(call script.Call) script.Fault {
				if call.Kind == script.KindCreate {
					return fault
				}
				return script.Fault{}
			})
			c := client(url)
			_, err := submit(t, c)
			_ = asUnanswered(t, err)
			pass(2 * time.Minute)
			rows, err := c.Requests(t.Context(), key(), now().Add(-time.Hour), now().Add(time.Hour))
			if err != nil {
				t.Fatal(err)
			}
			i := slices.IndexFunc(rows, func(row provider.LoggedRequest) bool { return row.Reference == "job.1" })
			if i < 0 {
				t.Fatalf("it isn't in %+v", rows)
			}
			found, err := c.Retrieve(t.Context(), key(), at(aimlapi.RouteLegacy, rows[i].ID))
			if err != nil || found.State != provider.Finished {
				t.Errorf("%+v, %v", found, err)
			}
			if creates := server.Ledger().Creates; len(creates) != 1 {
				t.Errorf("%d submissions arrived", len(creates))
			}
		})
	}
}
