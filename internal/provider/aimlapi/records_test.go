package aimlapi_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/takeup/takeup/internal/provider"
)

type object = map[string]any

// page encodes a page of rows.
func page(t *testing.T, rows []object, pagination object) string {
	t.Helper()
	body, err := json.Marshal(object{"data": append([]object{}, rows...), "pagination": pagination})
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func logRows(n int) []object {
	rows := make([]object, n)
	for i := range rows {
		rows[i] = object{
			"created": "2026-08-21T10:00:00.000Z", "status": "succeeded", "origin": "api", "model": model,
			"cost": object{"usd": 0.98, "credits": 1960000}, "tokens": object{"input": 0, "output": 0, "total": 0},
			"request_id": nil, "inference_id": fmt.Sprintf("inference-%d", i), "client_request_id": fmt.Sprintf("job-%d.1", i),
		}
	}
	return rows
}

func TestRequestsReadsEveryPage(t *testing.T) {
	for _, total := range []int{0, 1, 99, 100, 101, 250} {
		rows := logRows(total)
		var asked []string
		c := serve(t, func(w http.ResponseWriter, r *http.Request) {
			query := r.URL.Query()
			offset, err := strconv.Atoi(query.Get("offset"))
			if err != nil || r.URL.Path != "/v2/logs" || query.Get("limit") != "100" || len(query) != 4 ||
				query.Get("start") != "2026-08-21T09:00:00.000Z" || query.Get("end") != "2026-08-21T10:00:00.500Z" {
				t.Errorf("asked %s, %v", r.URL, err)
			}
			if r.Header.Get("Authorization") != "Bearer "+key().Value || r.Header.Get("X-Client-Request-Id") != "" {
				t.Errorf("with %v", r.Header)
			}
			asked = append(asked, query.Get("offset"))
			end := min(offset+100, total)
			answer(200, page(t, rows[offset:end], object{"limit": 100, "offset": offset, "total": total, "has_more": end < total}))(w, r)
		})
		got, err := c.Requests(t.Context(), key(), now().Add(-time.Hour), now().Add(500*time.Millisecond))
		if err != nil || len(got) != total {
			t.Errorf("%d rows: %d, %v", total, len(got), err)
		}
		for i, row := range got {
			want := provider.LoggedRequest{Created: now(), Model: model, ID: fmt.Sprintf("inference-%d", i), Reference: fmt.Sprintf("job-%d.1", i)}
			if row != want {
				t.Fatalf("row %d: %+v", i, row)
			}
		}
		if want := max(1, (total+99)/100); len(asked) != want {
			t.Errorf("%d rows in %d pages: %v", total, len(asked), asked)
		}
	}
}

func TestRequestsOddRows(t *testing.T) {
	rows := logRows(4)
	rows[0]["status"], rows[0]["client_request_id"] = "failed", nil
	rows[0]["inference_id"] = "inference-0:" + model // as the legacy route's IDs are in some places
	rows[1]["inference_id"] = "a b"
	rows[2]["inference_id"] = nil
	delete(rows[3], "client_request_id")
	got, err := serve(t, answer(200, page(t, rows, object{"total": 4, "has_more": false}))).Requests(t.Context(), key(), now(), now())
	want := []provider.LoggedRequest{
		{Created: now(), Model: model, ID: "inference-0", Failed: true},
		{Created: now(), Model: model, Reference: "job-1.1"},
		{Created: now(), Model: model, Reference: "job-2.1"},
		{Created: now(), Model: model, ID: "inference-3"},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v", got, err)
	}
}

// Records that could not be read completely are unknown, never "not found".
func TestRecordsThatAreNotWhole(t *testing.T) {
	for name, body := range map[string]string{
		"empty":               "",
		"not JSON":            "<html>",
		"null":                "null",
		"a list":              "[]",
		"an object":           "{}",
		"no pagination":       `{"data":[]}`,
		"no data":             `{"pagination":{"total":0,"has_more":false,"next_cursor":null}}`,
		"data null":           `{"data":null,"pagination":{"total":0,"has_more":false}}`,
		"pagination null":     `{"data":[],"pagination":null}`,
		"pagination empty":    `{"data":[],"pagination":{}}`,
		"no word of the rest": `{"data":[],"pagination":{"total":0}}`,
		"an odd time":         `{"data":[{"created":"yesterday","created_at":"yesterday"}],"pagination":{"total":1,"has_more":false}}`,
		"more, from nowhere":  `{"data":[],"pagination":{"total":0,"has_more":true,"next_cursor":null}}`,
		"cut":                 `{"data":[],"pagination":{"total":0,"has_more":false`,
	} {
		c := serve(t, answer(200, body))
		if rows, err := c.Requests(t.Context(), key(), now(), now()); err == nil {
			t.Errorf("%s: the logs gave %v", name, rows)
		} else {
			_ = asUnanswered(t, err)
		}
		if rows, err := c.Charges(t.Context(), key(), now(), now()); err == nil {
			t.Errorf("%s: the transactions gave %v", name, rows)
		} else {
			_ = asUnanswered(t, err)
		}
	}
	c := serve(t, answer(200, page(t, logRows(3), object{"total": 4, "has_more": false})))
	_, err := c.Requests(t.Context(), key(), now(), now())
	_ = asUnanswered(t, err)
	c = serve(t, answer(200, page(t, logRows(3), object{"has_more": false})))
	_, err = c.Requests(t.Context(), key(), now(), now())
	_ = asUnanswered(t, err)
}

func TestRecordsRefused(t *testing.T) {
	c := serve(t, answer(429, `{"message":"Too Many Requests"}`, "Retry-After", "30"))
	_, err := c.Requests(t.Context(), key(), now(), now())
	if got := asRefusal(t, err); got.Kind != provider.RefusedBusy || got.RetryAfter != 30*time.Second {
		t.Errorf("%+v", got)
	}
	_, err = c.Charges(t.Context(), key(), now(), now())
	if got := asRefusal(t, err); got.Kind != provider.RefusedBusy {
		t.Errorf("%+v", got)
	}
	// If a later page fails, the earlier ones are discarded.
	var calls atomic.Int64
	c = serve(t, func(w http.ResponseWriter, r *http.Request) {
		if calls.Add(1) > 1 {
			answer(503, "")(w, r)
			return
		}
		answer(200, page(t, logRows(100), object{"total": 200, "has_more": true}))(w, r)
	})
	rows, err := c.Requests(t.Context(), key(), now(), now())
	_ = asUnanswered(t, err)
	if rows != nil {
		t.Errorf("it gave %d rows with its error", len(rows))
	}
}

// The provider allows 200 requests a minute: an endless reading stays below that.
func TestRecordsWithoutAnEnd(t *testing.T) {
	var calls atomic.Int64
	rows := page(t, logRows(1), object{"total": 1, "has_more": true, "next_cursor": "again"})
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		calls.Add(1)
		answer(200, rows)(w, r)
	})
	_, err := c.Requests(t.Context(), key(), now(), now())
	_ = asUnanswered(t, err)
	if n := calls.Swap(0); n > 200 {
		t.Errorf("%d calls for the logs", n)
	}
	rows = page(t, []object{{"created_at": "2026-08-21T10:00:00.000Z"}}, object{"has_more": true, "next_cursor": "again"})
	_, err = c.Charges(t.Context(), key(), now(), now())
	_ = asUnanswered(t, err)
	if n := calls.Load(); n > 200 {
		t.Errorf("%d calls for the transactions", n)
	}
}

func TestChargesReadsEveryPage(t *testing.T) {
	charge := func(i int) object {
		return object{
			"created_at": "2026-08-21T10:00:00.000Z", "direction": "CHARGE", "type": "MODEL_USAGE",
			"amount": object{"usd": 0.98, "credits": 1960000}, "model": model, "reference_id": fmt.Sprintf("inference-%d:%s", i, model),
		}
	}
	const cursor = "eyJ2IjoxfQ==&+/ %é"
	var cursors []string
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		query := r.URL.Query()
		cursors = append(cursors, query.Get("cursor"))
		if r.URL.Path != "/v2/billing/transactions" || query.Get("direction") != "CHARGE" || query.Get("type") != "MODEL_USAGE" ||
			query.Get("limit") != "100" || query.Get("from") != "2026-08-21T09:00:00.000Z" || query.Get("to") != "2026-08-21T10:00:00.000Z" {
			t.Errorf("asked %s", r.URL)
		}
		if !query.Has("cursor") {
			answer(200, page(t, []object{charge(0), charge(1)}, object{"has_more": true, "next_cursor": cursor}))(w, r)
			return
		}
		last := charge(2)
		last["model"], last["reference_id"] = nil, nil
		answer(200, page(t, []object{last}, object{"has_more": false, "next_cursor": nil}))(w, r)
	})
	got, err := c.Charges(t.Context(), key(), now().Add(-time.Hour), now())
	want := []provider.Charge{
		{Created: now(), Model: model, ID: "inference-0", Micros: 980000},
		{Created: now(), Model: model, ID: "inference-1", Micros: 980000},
		{Created: now(), Micros: 980000},
	}
	if err != nil || !reflect.DeepEqual(got, want) || strings.Join(cursors, "|") != "|"+cursor {
		t.Errorf("%+v, %v, by the cursors %q", got, err, cursors)
	}
}
