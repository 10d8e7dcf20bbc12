package sim_test

import (
	"bytes"
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/takeup/takeup/internal/provider/aimlapi/sim"
	"github.com/takeup/takeup/internal/provider/aimlapi/sim/contract"
	"github.com/takeup/takeup/internal/provider/aimlapi/sim/script"
)

func (w *world) post(ctx context.Context) error {
	r, err := http.NewRequestWithContext(ctx, "POST", w.url+contract.LegacyPath, strings.NewReader(`{"model":"`+v1pro+`","prompt":"p"}`))
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+key)
	r.Header.Set("Content-Type", "application/json")
	response, err := w.client.Do(r)
	if err != nil {
		return err
	}
	return response.Body.Close()
}

func TestSettingsByHTTP(t *testing.T) {
	w := newWorld(t, nil)
	set := func(body string, status int) {
		t.Helper()
		if a := w.call("POST", "/_simulator/settings", body); a.status != status {
			t.Fatalf("%s: %d %s", body, a.status, a.body)
		}
	}
	set(`{"job_seconds":5,"balance_usd":0.5,"keys":["another"],"fate":{"outcome":"error"}}`, 200)
	if a := w.call("GET", "/v2/billing", ""); a.status != 401 {
		t.Errorf("the old key: %d", a.status)
	}
	if a := w.call("GET", "/v2/billing", "", "Authorization", "Bearer another"); a.status != 200 || !bytes.Contains(a.body, []byte("0.5")) {
		t.Errorf("the new key: %d %s", a.status, a.body)
	}
	before := w.server.Settings()
	set(`{"job_seconds":7,"nonsense":1}`, 400)
	set(`{"job_seconds":7,"job_sigma":-1}`, 400)
	set(`{"job_seconds":7} {}`, 400)
	set(`{"faults":[{"on":"nothing","fault":{"status":500}}]}`, 400)
	set(`{"faults":[{"on":"create","fault":{}}]}`, 400)
	set(`{"faults":[{"on":"create","fault":{"retry_after":"1"}}]}`, 400)
	if after := w.server.Settings(); after.JobSeconds != before.JobSeconds || after.Fate.Outcome != "error" {
		t.Errorf("refused settings were taken: %+v", after)
	}
	set(`{"fate":{},"balance_usd":10}`, 200)
	if after := w.server.Settings(); after.Fate != (script.Fate{}) || after.JobSeconds != 5 || *after.BalanceUSD != 10 {
		t.Errorf("got %+v", after)
	}
}

func TestRulesCountTheirCalls(t *testing.T) {
	w := newWorld(t, nil)
	statuses := func() (got [4]int) {
		for i := range got {
			got[i] = w.call("GET", "/v2/billing", "").status
		}
		return got
	}
	rule := `{"faults":[{"on":"billing","skip":1,"times":2,"fault":{"status":503}}]}`
	for range 2 {
		w.call("POST", "/_simulator/settings", rule)
		if got := statuses(); got != [4]int{200, 503, 503, 200} {
			t.Errorf("got %v", got)
		}
	}
	w.call("POST", "/_simulator/settings", `{"job_seconds":1}`)
	if got := statuses(); got != [4]int{200, 200, 200, 200} {
		t.Errorf("another setting began the count anew: %v", got)
	}
	settings := w.server.Settings()
	settings.Faults = nil
	if err := w.server.Change(settings); err != nil {
		t.Fatal(err)
	}
	settings.JobSeconds = -1
	if err := w.server.Change(settings); err == nil {
		t.Error("a job of -1 s")
	}
}

func TestLedgerAndVideoByHTTP(t *testing.T) {
	w := newWorld(t, func(c *sim.Config) { c.Settings.IDForm = script.IDWithModel })
	id, file := w.done()
	var ledger sim.Ledger
	w.call("GET", "/_simulator/ledger", "").into(t, &ledger)
	if len(ledger.Generations) != 1 || ledger.Generations[0].ID != id || ledger.Generations[0].Key != "" ||
		ledger.Generations[0].KeyPrefix != key[:8] || ledger.ChargedCredits != 1_960_000 {
		t.Errorf("got %+v", ledger)
	}
	served, kept := w.call("GET", file, ""), w.call("GET", "/_simulator/video?generation_id="+id, "")
	if !bytes.Equal(served.body, kept.body) || int64(len(kept.body)) != ledger.Generations[0].VideoBytes {
		t.Errorf("served %d bytes, kept %d", len(served.body), len(kept.body))
	}
	for _, target := range []string{"/_simulator/video?generation_id=x", "/_simulator/other"} {
		if a := w.call("GET", target, ""); a.status != 404 {
			t.Errorf("%s: %d", target, a.status)
		}
	}
}

func TestKeyChangedInMidRun(t *testing.T) {
	w := newWorld(t, nil)
	id := w.create("a.1")
	settings := w.server.Settings()
	settings.Keys = []string{"new"}
	if err := w.server.Change(settings); err != nil {
		t.Fatal(err)
	}
	w.clock.Move(100 * time.Second)
	target := contract.LegacyPath + "?generation_id=" + id
	if a := w.call("GET", target, ""); a.status != 401 {
		t.Errorf("the old key: %d", a.status)
	}
	if a := w.call("GET", target, "", "Authorization", "Bearer new"); a.status != 200 {
		t.Errorf("the new key: %d", a.status)
	}
	if rows := w.logs("period=1h", "Authorization", "Bearer new").Data; len(rows) != 0 {
		t.Errorf("the new key sees the old one's rows: %+v", rows)
	}
}
