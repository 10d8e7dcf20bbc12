package sim_test

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/takeup/takeup/internal/provider/aimlapi/models"
	"github.com/takeup/takeup/internal/provider/aimlapi/sim"
	"github.com/takeup/takeup/internal/provider/aimlapi/sim/contract"
	"github.com/takeup/takeup/internal/provider/aimlapi/sim/script"
)

// logPage is a page of the logs as a client decodes it.
type logPage struct {
	Data []struct {
		Created         time.Time
		Status, Model   string
		Cost            struct{ Credits int64 }
		InferenceID     string  `json:"inference_id"`
		ClientRequestID *string `json:"client_request_id"`
	}
	Pagination struct {
		Limit, Offset, Total int
		HasMore              bool `json:"has_more"`
	}
}

func (w *world) logs(query string, headers ...string) logPage {
	w.t.Helper()
	a := w.call("GET", "/v2/logs?"+query, "", headers...)
	if a.status != 200 {
		w.t.Fatalf("logs: %d %s", a.status, a.body)
	}
	conforms(w.t, "logs", a.body)
	var page logPage
	a.into(w.t, &page)
	return page
}

func (p logPage) clients() []string {
	ids := []string{}
	for _, row := range p.Data {
		id := "null"
		if row.ClientRequestID != nil {
			id = *row.ClientRequestID
		}
		ids = append(ids, id)
	}
	return ids
}

func TestLogsShowAJobWhenItHasEnded(t *testing.T) {
	w := newWorld(t, func(c *sim.Config) { c.Settings.LogsLagSeconds = 30 })
	w.create("a.1")
	w.clock.Move(129 * time.Second)
	if page := w.logs("period=1h"); len(page.Data) != 0 {
		t.Fatalf("a row before its time: %+v", page)
	}
	w.clock.Move(time.Second)
	page := w.logs("period=1h")
	if len(page.Data) != 1 || page.Data[0].Status != "succeeded" || page.Data[0].Cost.Credits != 1_960_000 {
		t.Fatalf("got %+v", page)
	}
	if want := w.clock.Now().Add(-130 * time.Second); !page.Data[0].Created.Equal(want) {
		t.Errorf("created %v, want when it was asked, %v", page.Data[0].Created, want)
	}
}

func TestLogsAreOfTheAskingKey(t *testing.T) {
	w := newWorld(t, nil)
	w.create("a.1")
	w.call("POST", contract.LegacyPath, `{"model":"`+v1pro+`","prompt":"p"}`, "Authorization", "Bearer second-key", "X-Client-Request-Id", "b.1")
	w.clock.Move(100 * time.Second)
	if got := w.logs("period=1h").clients(); !slices.Equal(got, []string{"a.1"}) {
		t.Errorf("the first key sees %q", got)
	}
	if got := w.logs("period=1h&key_prefix=second", "Authorization", "Bearer second-key").clients(); !slices.Equal(got, []string{"b.1"}) {
		t.Errorf("the second key sees %q", got)
	}
	if a := w.call("GET", "/v2/logs?period=1h&key_prefix=second", ""); a.status != 403 {
		t.Errorf("another key's prefix: %d", a.status)
	}
}

func TestLogsPagesAndFilters(t *testing.T) {
	w := newWorld(t, nil)
	start := w.clock.Now()
	w.create("a.1")
	w.clock.Move(time.Second)
	w.create("b.1")
	w.clock.Move(time.Second)
	w.call("POST", contract.LegacyPath, `{"model":"`+v1pro+`"}`, "X-Client-Request-Id", "c.1")
	w.clock.Move(time.Second)
	w.call("POST", contract.UniversalPath, `{"model":"klingai/v2-master-text-to-video","prompt":"p"}`)
	w.clock.Move(100 * time.Second)
	for _, tc := range []struct {
		query string
		want  []string
		total int
		more  bool
	}{
		{"period=1h", []string{"null", "c.1", "b.1", "a.1"}, 4, false},
		{"period=1d&limit=2", []string{"null", "c.1"}, 4, true},
		{"period=1d&limit=2&offset=2", []string{"b.1", "a.1"}, 4, false},
		{"period=1d&offset=9", []string{}, 4, false},
		{"period=1h&status=failed", []string{"c.1"}, 1, false},
		{"period=1h&status=failed&status=succeeded", []string{"null", "c.1", "b.1", "a.1"}, 4, false},
		{"period=1h&model=klingai/v2-master-text-to-video", []string{"null"}, 1, false},
		{"period=1h&model=v2-master-text-to-video&model=" + v1pro, []string{"null", "c.1", "b.1", "a.1"}, 4, false},
		{"period=1h&model=" + v1pro + ",x", []string{}, 0, false},
		{"start=2026-08-21T12:00:01Z&end=2026-08-21T12:00:02Z", []string{"b.1"}, 1, false},
		{"start=2026-08-21T12:00:01&end=2026-08-21T12:00:03", []string{"c.1", "b.1"}, 2, false},
		{"start=2026-08-21&end=2026-08-22", []string{"null", "c.1", "b.1", "a.1"}, 4, false},
		{"end=" + url.QueryEscape(start.Format(time.RFC3339)) + "&start=2026-08-20", []string{}, 0, false},
	} {
		page := w.logs(tc.query)
		if !slices.Equal(page.clients(), tc.want) || page.Pagination.Total != tc.total || page.Pagination.HasMore != tc.more {
			t.Errorf("%s: got %q, %+v", tc.query, page.clients(), page.Pagination)
		}
	}
}

func TestReportsAreStrict(t *testing.T) {
	w := newWorld(t, nil)
	for _, target := range []string{
		"/v2/logs", "/v2/logs?period=1h&start=2026-08-21&end=2026-08-22", "/v2/logs?start=2026-08-21", "/v2/logs?period=0h",
		"/v2/logs?period=5m", "/v2/logs?period=h", "/v2/logs?period=93d", "/v2/logs?start=2026-08-22&end=2026-08-21",
		"/v2/logs?start=2026-01-01&end=2026-08-21", "/v2/logs?start=yesterday&end=2026-08-21", "/v2/logs?period=1h&limit=0",
		"/v2/logs?period=1h&limit=101", "/v2/logs?period=1h&offset=-1", "/v2/logs?period=1h&status=succeeded,failed",
		"/v2/logs?period=1h&client_request_id=a", "/v2/logs?period=1h&limit=1&limit=2",
		"/v2/logs?period=1h" + strings.Repeat("&model=m", 51),
		"/v2/billing/transactions?from=2026-08-21", "/v2/billing/transactions?limit=101",
		"/v2/billing/transactions?from=2026-08-21T00:00:00Z&to=2026-08-21T00:00:00Z",
		"/v2/billing/transactions?direction=charge", "/v2/billing/transactions?type=X", "/v2/billing/transactions?cursor=zzz",
		"/v2/billing/transactions?cursor=eyJiIjoxLCJ2IjoxfQ", "/v2/billing/transactions?offset=1",
		"/models/metrics?model=x", "/models/metrics?" + strings.Repeat("&aliases=m", 101),
	} {
		a := w.call("GET", target, "")
		if a.status != 400 {
			t.Errorf("%.60s: %d %s", target, a.status, a.body)
			continue
		}
		conforms(t, "error", a.body)
	}
}

func TestLogsRateLimit(t *testing.T) {
	w := newWorld(t, func(c *sim.Config) { c.Settings.LogsPerMinute = 3 })
	for range 3 {
		w.logs("period=1h")
	}
	if a := w.call("GET", "/v2/logs?period=1h", ""); a.status != 429 {
		t.Errorf("status %d", a.status)
	}
	w.clock.Move(time.Minute)
	w.logs("period=1h")
}

type entryPage struct {
	Data []struct {
		CreatedAt   time.Time `json:"created_at"`
		Direction   string
		Amount      struct{ Credits int64 }
		ReferenceID *string `json:"reference_id"`
	}
	Pagination struct {
		NextCursor *string `json:"next_cursor"`
		HasMore    bool    `json:"has_more"`
	}
}

func (w *world) transactions(query string) entryPage {
	w.t.Helper()
	a := w.call("GET", "/v2/billing/transactions?"+query, "")
	if a.status != 200 {
		w.t.Fatalf("transactions: %d %s", a.status, a.body)
	}
	conforms(w.t, "transactions", a.body)
	var page entryPage
	a.into(w.t, &page)
	return page
}

func TestTransactionsCursor(t *testing.T) {
	w := newWorld(t, nil)
	var want []string
	for i := range 7 {
		want = append(want, w.create(fmt.Sprintf("%d.1", i)))
		w.clock.Move(time.Second)
	}
	w.clock.Move(100 * time.Second)
	slices.Reverse(want)
	var got []string
	query, cursor := "direction=CHARGE&type=MODEL_USAGE&limit=3", ""
	for pages := 1; ; pages++ {
		page := w.transactions(query + cursor)
		for _, e := range page.Data {
			got = append(got, *e.ReferenceID)
		}
		if page.Pagination.HasMore != (page.Pagination.NextCursor != nil) {
			t.Errorf("has_more and next_cursor disagree: %+v", page.Pagination)
		}
		if !page.Pagination.HasMore {
			if pages != 3 {
				t.Errorf("%d pages, want 3", pages)
			}
			break
		}
		cursor = "&cursor=" + *page.Pagination.NextCursor
		// A charge made while the pages are read must not shift their rows.
		w.create("late.1")
		w.clock.Move(100 * time.Second)
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	top := w.transactions("direction=TOPUP").Data
	if len(top) != 1 || top[0].Amount.Credits != 200_000_000 || top[0].ReferenceID != nil {
		t.Errorf("top-ups %+v", top)
	}
	if n := len(w.transactions("from=2026-08-21T12:01:40Z&to=2026-08-21T14:01:43%2B02:00").Data); n != 3 {
		t.Errorf("%d in the window, want 3", n)
	}
}

func TestMetrics(t *testing.T) {
	w := newWorld(t, func(c *sim.Config) {
		n := 0.0
		c.Decide = func(script.Accepted) script.Fate {
			n++
			took := n
			return script.Fate{Seconds: &took}
		}
	})
	type metrics struct {
		Models []struct {
			Alias   string
			Metrics struct {
				DurationMS struct{ P50, P75, P90, P99 float64 } `json:"duration_ms"`
			}
		}
	}
	read := func(query string) metrics {
		a := w.call("GET", "/models/metrics"+query, "", "Authorization", "")
		conforms(t, "metrics", a.body)
		var m metrics
		a.into(t, &m)
		return m
	}
	for range 10 {
		w.create("")
	}
	if m := read(""); len(m.Models) != 0 {
		t.Errorf("before any success: %+v", m)
	}
	w.clock.Move(10 * time.Second)
	m := read("?aliases=" + v1pro + "&aliases=x")
	if len(m.Models) != 1 {
		t.Fatalf("got %+v", m)
	}
	if d := m.Models[0].Metrics.DurationMS; d.P50 != 5000 || d.P75 != 8000 || d.P90 != 9000 || d.P99 != 10000 {
		t.Errorf("got %+v", d)
	}
	if m := read("?aliases=x"); len(m.Models) != 0 {
		t.Errorf("another model: %+v", m)
	}
	w.clock.Move(300 * time.Second)
	if m := read(""); len(m.Models) != 0 {
		t.Errorf("after the window: %+v", m)
	}
}

func TestReplyShapes(t *testing.T) {
	w := newWorld(t, func(c *sim.Config) {
		c.Decide = func(a script.Accepted) script.Fate {
			if a.ClientRequestID == "bad.1" {
				return script.Fate{Outcome: script.OutcomeError}
			}
			return script.Fate{}
		}
	})
	reply := func(model string) string {
		if m, _ := models.Find(model); m.VideoList {
			return "generation_listed"
		}
		return "generation"
	}
	for _, name := range (models.Catalogue{}).Names() {
		for _, client := range []string{"good.1", "bad.1"} {
			a := w.call("POST", contract.UniversalPath, `{"model":"`+name+`","prompt":"p"}`, "X-Client-Request-Id", client)
			conforms(t, reply(name), a.body)
		}
	}
	for range 3 {
		for _, g := range w.server.Ledger().Generations {
			a := w.call("GET", contract.UniversalPath+"?generation_id="+url.QueryEscape(g.ID), "")
			conforms(t, reply(g.Model), a.body)
		}
		w.clock.Move(50 * time.Second)
	}
	w.logs("period=1h")
	w.transactions("")
	conforms(t, "billing", w.call("GET", "/v2/billing", "").body)
	conforms(t, "balance", w.call("GET", "/v1/billing/balance", "").body)
}
