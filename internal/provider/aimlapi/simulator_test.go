package aimlapi_test

import (
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/takeup/takeup/internal/provider/aimlapi/sim"
	"github.com/takeup/takeup/internal/video"
)

// standIn starts the provider's stand-in on a clock of the test's.
func standIn(t *testing.T, change func(*sim.Settings), plan sim.Plan) (*sim.Server, string, func(time.Duration)) {
	t.Helper()
	settings := sim.DefaultSettings()
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

// The client and the stand-in agree on a job's whole way, on both routes and with
// both forms of an id.
func TestAgainstTheStandIn(t *testing.T) {
	for _, route := range []video.Route{video.RouteLegacy, video.RouteUniversal} {
		for _, form := range []string{sim.IDBare, sim.IDWithModel} {
			t.Run(string(route)+" "+form, func(t *testing.T) {
				server, url, pass := standIn(t, func(s *sim.Settings) { s.IDForm = form }, nil)
				c, ctx := client(url), t.Context()
				generation, err := c.Submit(ctx, key(), route, "job-1.1", boat(t))
				if err != nil || generation.State != video.Running || generation.Route != route {
					t.Fatalf("submitted: %+v, %v", generation, err)
				}
				running, err := c.Retrieve(ctx, key(), route, generation.ID, model)
				if err != nil || running.State != video.Running || running.ID != generation.ID {
					t.Errorf("running: %+v, %v", running, err)
				}
				if rows, err := c.Requests(ctx, key(), now().Add(-time.Hour), now().Add(time.Hour)); err != nil || len(rows) != 0 {
					t.Errorf("logged before its end: %+v, %v", rows, err)
				}
				pass(2 * time.Minute)
				done, err := c.Retrieve(ctx, key(), route, generation.ID, model)
				if err != nil || done.State != video.Finished || !strings.HasPrefix(done.URL, url) || done.Credits <= 0 {
					t.Errorf("done: %+v, %v", done, err)
				}
				rows, err := c.Requests(ctx, key(), now().Add(-time.Hour), now().Add(time.Hour))
				if err != nil || len(rows) != 1 || rows[0].ClientRequestID != "job-1.1" || rows[0].Failed || rows[0].Model != model {
					t.Fatalf("logged: %+v, %v", rows, err)
				}
				// A row's id finds the generation in either form.
				if found, err := c.Retrieve(ctx, key(), route, rows[0].InferenceID, model); err != nil || found.ID != generation.ID {
					t.Errorf("found: %+v, %v", found, err)
				}
				charges, err := c.Charges(ctx, key(), now().Add(-time.Hour), now().Add(time.Hour))
				if err != nil || len(charges) != 1 || charges[0].Credits != done.Credits || charges[0].ReferenceID != rows[0].InferenceID {
					t.Errorf("charged: %+v, %v", charges, err)
				}
				ledger := server.Ledger()
				if len(ledger.Creates) != 1 || ledger.Creates[0].ClientRequestID != "job-1.1" || ledger.ChargedCredits != done.Credits {
					t.Errorf("its ledger: %+v", ledger)
				}
			})
		}
	}
}

func TestRefusalsOfTheStandIn(t *testing.T) {
	_, url, _ := standIn(t, func(s *sim.Settings) { s.CreatesPerMinute, s.LimitRetryAfter = 1, "17" }, nil)
	c, ctx := client(url), t.Context()
	_, err := c.Submit(ctx, video.Key{Value: "another-key"}, video.RouteLegacy, "job.1", boat(t))
	if got := asRefusal(t, err); got.Kind != video.RefusedKey {
		t.Errorf("another key: %+v", got)
	}
	if _, err := submit(t, c); err != nil {
		t.Fatal(err)
	}
	_, err = submit(t, c)
	if got := asRefusal(t, err); got.Kind != video.RefusedBusy || got.RetryAfter != 17*time.Second {
		t.Errorf("over the limit: %+v", got)
	}
	_, err = c.Retrieve(ctx, key(), video.RouteLegacy, "00000000-0000-4000-8000-000000000000", model)
	if got := asRefusal(t, err); got.Kind != video.RefusedUnknown {
		t.Errorf("an unknown id: %+v", got)
	}

	_, url, _ = standIn(t, func(*sim.Settings) {}, nil)
	v3 := request(t, `{"prompt":"a boat","model":"klingai/video-v3-pro-text-to-video"}`)
	_, err = client(url).Submit(ctx, key(), video.RouteLegacy, "job.1", v3)
	if got := asRefusal(t, err); got.Kind != video.RefusedInvalid {
		t.Errorf("a model of the other route: %+v", got)
	}
	server, url, _ := standIn(t, func(*sim.Settings) {}, nil)
	settings, none := server.Settings(), 0.0
	settings.BalanceUSD = &none
	if err := server.Change(settings); err != nil {
		t.Fatal(err)
	}
	_, err = submit(t, client(url))
	if got := asRefusal(t, err); got.Kind != video.RefusedCredits {
		t.Errorf("without credits: %+v", got)
	}
	if charged := server.Ledger().ChargedCredits; charged != 0 {
		t.Errorf("charged %d credits", charged)
	}
}

// A submission that was accepted, and whose answer was spoilt, is found by its
// client request id once it has ended.
func TestLostAnswersAreInTheLogs(t *testing.T) {
	for name, fault := range map[string]sim.Fault{
		"reset": {After: true, Reset: true},
		"500":   {After: true, Status: 500},
		"524":   {After: true, Status: 524, Body: "<html>"},
	} {
		t.Run(name, func(t *testing.T) {
			server, url, pass := standIn(t, func(*sim.Settings) {}, func(call sim.Call) sim.Fault {
				if call.Kind == sim.KindCreate {
					return fault
				}
				return sim.Fault{}
			})
			c := client(url)
			_, err := submit(t, c)
			_ = asUnanswered(t, err)
			pass(2 * time.Minute)
			rows, err := c.Requests(t.Context(), key(), now().Add(-time.Hour), now().Add(time.Hour))
			if err != nil {
				t.Fatal(err)
			}
			i := slices.IndexFunc(rows, func(row video.LoggedRequest) bool { return row.ClientRequestID == "job.1" })
			if i < 0 {
				t.Fatalf("it isn't in %+v", rows)
			}
			found, err := c.Retrieve(t.Context(), key(), video.RouteLegacy, rows[i].InferenceID, model)
			if err != nil || found.State != video.Finished {
				t.Errorf("%+v, %v", found, err)
			}
			if creates := server.Ledger().Creates; len(creates) != 1 {
				t.Errorf("%d submissions arrived", len(creates))
			}
		})
	}
}
