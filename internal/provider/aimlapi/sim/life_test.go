package sim_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/takeup/takeup/internal/provider/aimlapi/sim"
	"github.com/takeup/takeup/internal/provider/aimlapi/sim/contract"
	"github.com/takeup/takeup/internal/provider/aimlapi/sim/script"
)

func TestLifeOfACompletedJob(t *testing.T) {
	w := newWorld(t, nil)
	id := w.create("a.1")
	for _, step := range []struct {
		move time.Duration
		want string
	}{{0, "queued"}, {9 * time.Second, "queued"}, {time.Second, "generating"}, {89 * time.Second, "generating"}} {
		w.clock.Move(step.move)
		g := w.retrieve(id)
		if g.Status != step.want || g.Video != nil || g.Meta != nil {
			t.Fatalf("got %+v, want %s", g, step.want)
		}
	}
	if l := w.server.Ledger(); l.ChargedCredits != 0 {
		t.Fatalf("charged %d before it completed", l.ChargedCredits)
	}
	w.clock.Move(time.Second)
	a := w.call("GET", contract.UniversalPath+"?generation_id="+id, "")
	var g generation
	a.into(t, &g)
	if g.Status != "completed" || g.Video == nil || g.Meta.Usage.CreditsUsed != 1_960_000 {
		t.Fatalf("got %s", a.body)
	}
	if a.header.Get("X-Aimlapi-Credits-Used") != "1960000" || a.header.Get("X-Aimlapi-Usd-Spent") != "0.98" {
		t.Errorf("headers %v", a.header)
	}
	l := w.server.Ledger()
	if l.ChargedCredits != 1_960_000 || l.BalanceCredits != 198_040_000 {
		t.Errorf("charged %d, balance %d", l.ChargedCredits, l.BalanceCredits)
	}
	record := l.Generations[0]
	if record.ClientRequestID != "a.1" || record.Key != key || record.Retrieved != 5 || record.Status != "completed" ||
		!strings.Contains(string(record.Request), "a paper boat") {
		t.Errorf("record %+v", record)
	}
	if l.Creates[0].GenerationID != id || l.Creates[0].Status != 201 {
		t.Errorf("create %+v", l.Creates[0])
	}
}

func TestFates(t *testing.T) {
	soon := 1.0
	for name, tc := range map[string]struct {
		fate   script.Fate
		status string
		failed string
		charge int64
		rows   int
	}{
		"moderation": {script.Fate{Outcome: script.OutcomeError}, "error", "Moderation Error", 0, 1},
		"own words":  {script.Fate{Outcome: script.OutcomeError, ErrorName: "Boom", ErrorMessage: "m"}, "error", "Boom", 0, 1},
		"never":      {script.Fate{Outcome: script.OutcomeNever}, "generating", "", 0, 0},
		"soon":       {script.Fate{Seconds: &soon}, "completed", "", 1_960_000, 1},
		"dear":       {script.Fate{ChargedTimes: 3}, "completed", "", 5_880_000, 1},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, func(c *sim.Config) {
				c.Decide = func(a script.Accepted) script.Fate {
					if a.ClientRequestID != "x.1" || a.Model != v1pro {
						t.Errorf("told %+v", a)
					}
					return tc.fate
				}
			})
			id := w.create("x.1")
			w.clock.Move(24*time.Hour - time.Second)
			g := w.retrieve(id)
			if g.Status != tc.status {
				t.Errorf("status %s, want %s", g.Status, tc.status)
			}
			if tc.failed != "" && (g.Error == nil || g.Error.Name != tc.failed || g.Error.Message == "") {
				t.Errorf("error %+v", g.Error)
			}
			if l := w.server.Ledger(); l.ChargedCredits != tc.charge {
				t.Errorf("charged %d, want %d", l.ChargedCredits, tc.charge)
			}
			if rows := w.logs("period=24h").Data; len(rows) != tc.rows {
				t.Errorf("%d rows, want %d", len(rows), tc.rows)
			}
		})
	}
}

// A generation that goes on completes when it is told to, and only that one, once.
func TestComplete(t *testing.T) {
	w := newWorld(t, func(c *sim.Config) {
		c.Settings.Fate, c.Settings.Concurrent = script.Fate{Outcome: script.OutcomeNever}, 2
	})
	id, other := w.create("x.1"), w.create("y.1")
	w.clock.Move(time.Hour)
	if err := w.server.Complete(id); err != nil {
		t.Fatal(err)
	}
	if got, goesOn := w.retrieve(id).Status, w.retrieve(other).Status; got != "completed" || goesOn != "generating" {
		t.Errorf("they are %s and %s", got, goesOn)
	}
	w.create("z.1") // there is room for one more
	l := w.server.Ledger()
	if g := l.Generations[0]; l.ChargedCredits != 1_960_000 || !g.EndsAt.Equal(g.CreatedAt.Add(time.Hour)) || len(w.logs("period=24h").Data) != 1 {
		t.Errorf("charged %d for %+v", l.ChargedCredits, g)
	}
	for _, id := range []string{id, "no-such-id"} {
		if err := w.server.Complete(id); err == nil {
			t.Errorf("%s was completed", id)
		}
	}
}

func TestTimesAreDrawnFromTheSeed(t *testing.T) {
	draw := func(seed uint64, sigma float64) string {
		w := newWorld(t, func(c *sim.Config) { c.Seed, c.Settings.JobSigma = seed, sigma })
		for range 20 {
			w.create("")
		}
		var ends []string
		different := map[time.Time]bool{}
		for _, g := range w.server.Ledger().Generations {
			ends = append(ends, g.ID+g.EndsAt.String())
			different[g.EndsAt] = true
		}
		if (sigma > 0) != (len(different) == 20) {
			t.Errorf("sigma %v: %d different ends", sigma, len(different))
		}
		return strings.Join(ends, " ")
	}
	first, again := draw(1, 0.3), draw(1, 0.3)
	if first != again {
		t.Error("one seed, two runs")
	}
	if first == draw(2, 0.3) {
		t.Error("two seeds, one run")
	}
	draw(1, 0)
}

func TestBothFormsOfIDs(t *testing.T) {
	for form, suffix := range map[string]string{script.IDBare: "", script.IDWithModel: ":" + v1pro} {
		t.Run(form, func(t *testing.T) {
			w := newWorld(t, func(c *sim.Config) { c.Settings.IDForm = form })
			a := w.call("POST", contract.UniversalPath, `{"model":"`+v1pro+`","prompt":"p"}`)
			var made struct{ ID string }
			a.into(t, &made)
			bare := a.header.Get("X-Inference-Id")
			if a.status != 200 || len(bare) != 36 || made.ID != bare+suffix {
				t.Fatalf("%d, header %q, id %q", a.status, bare, made.ID)
			}
			w.clock.Move(100 * time.Second)
			if g := w.retrieve(made.ID); g.ID != made.ID {
				t.Errorf("retrieved %q", g.ID)
			}
			if rows := w.logs("period=1h").Data; rows[0].InferenceID != bare {
				t.Errorf("the logs say %q, want %q", rows[0].InferenceID, bare)
			}
			other := w.call("GET", contract.UniversalPath+"?generation_id="+url.QueryEscape(bare+":no/such"), "")
			if other.status != 404 {
				t.Errorf("another form: %d", other.status)
			}
		})
	}
}

func TestThousandsOfJobsAtOnce(t *testing.T) {
	const workers, each = 8, 250
	w := newWorld(t, func(c *sim.Config) {
		balance := 5000.0
		c.Settings.BalanceUSD, c.Logger = &balance, nil
	})
	var group sync.WaitGroup
	for n := range workers {
		group.Go(func() {
			for i := range each {
				body := `{"model":"` + v1pro + `","prompt":"p"}`
				a, err := w.try("POST", contract.LegacyPath, body, "X-Client-Request-Id", fmt.Sprintf("%d-%d.1", n, i))
				if err != nil || a.status != 201 {
					t.Errorf("%d, %v", a.status, err)
					return
				}
				w.clock.Move(time.Second)
				w.server.Ledger()
			}
		})
	}
	group.Wait()
	w.clock.Move(time.Hour)
	l := w.server.Ledger()
	ids := map[string]bool{}
	for _, g := range l.Generations {
		ids[g.ID] = true
	}
	if len(ids) != workers*each || l.ChargedCredits != workers*each*1_960_000 || l.BalanceCredits != 5000*2_000_000-l.ChargedCredits {
		t.Errorf("%d ids, charged %d, balance %d", len(ids), l.ChargedCredits, l.BalanceCredits)
	}
}

func TestNothingSecretIsLogged(t *testing.T) {
	w := newWorld(t, nil)
	id := w.create("a.1")
	w.clock.Move(100 * time.Second)
	file := w.retrieve(id).Video.URL
	w.call("GET", file, "")
	w.call("GET", "/v2/logs?period=1h", "", "Authorization", "Bearer wrong-secret")
	ledger, err := json.Marshal(w.server.Ledger())
	if err != nil {
		t.Fatal(err)
	}
	settings := w.call("GET", "/_simulator/settings", "")
	w.close()
	signed, err := url.Parse(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{key, "wrong-secret", signed.Query().Get("ksSign")} {
		for where, text := range map[string][]byte{"log": w.logged.Bytes(), "ledger": ledger, "settings": settings.body} {
			if bytes.Contains(text, []byte(secret)) {
				t.Errorf("the %s has %q", where, secret)
			}
		}
	}
	if bytes.Contains(w.logged.Bytes(), []byte("paper boat")) {
		t.Error("the log has the prompt")
	}
}

func TestNewRefuses(t *testing.T) {
	settings := script.DefaultSettings()
	settings.JobSeconds, settings.QueueShare, settings.IDForm = -1, 2, "long"
	_, err := sim.New(sim.Config{Settings: settings})
	for _, field := range []string{"job_seconds", "queue_share", "id_form"} {
		if err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("%v does not name %s", err, field)
		}
	}
}

func TestUniversalStatus(t *testing.T) {
	w := newWorld(t, func(c *sim.Config) { c.Settings.UniversalStatus = 201 })
	if a := w.call("POST", contract.UniversalPath, `{"model":"`+v1pro+`","prompt":"p"}`); a.status != http.StatusCreated {
		t.Errorf("status %d", a.status)
	}
}
