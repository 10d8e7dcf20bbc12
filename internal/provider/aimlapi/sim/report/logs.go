package report

import (
	"math"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/takeup/takeup/internal/provider/aimlapi/sim/contract"
)

// Row is an ended request in the logs.
type Row struct {
	Created     time.Time
	Shown       time.Time // when it appears in the logs
	Key         string
	Model       string
	Succeeded   bool
	Credits     int64
	RequestID   string
	InferenceID string
	ClientID    string
}

// The provider's shape of the logs.
type (
	logPage struct {
		Data       []logEntry `json:"data"`
		Pagination struct {
			Limit   int  `json:"limit"`
			Offset  int  `json:"offset"`
			Total   int  `json:"total"`
			HasMore bool `json:"has_more"`
		} `json:"pagination"`
	}
	logEntry struct {
		Created         string    `json:"created"`
		Status          string    `json:"status"`
		Origin          string    `json:"origin"`
		Model           string    `json:"model"`
		Cost            cost      `json:"cost"`
		Tokens          logTokens `json:"tokens"`
		RequestID       string    `json:"request_id"`
		InferenceID     string    `json:"inference_id"`
		ClientRequestID *string   `json:"client_request_id"`
	}
	logTokens struct {
		Input  int `json:"input"`
		Output int `json:"output"`
		Total  int `json:"total"`
	}
	cost struct {
		USD     float64 `json:"usd"`
		Credits int64   `json:"credits"`
	}
)

// Logs returns the reply of GET /v2/logs: the rows of the caller's key, newest first. The rows are in the order in which the
// requests ended. The error is a *Refusal.
func Logs(rows []Row, key string, query url.Values, now time.Time, hideEvery int) (any, error) {
	p := readParams(query, []string{"period", "start", "end", "key_prefix", "limit", "offset"}, []string{"model", "status"})
	from, to := p.window(now)
	limit := p.integer("limit", 50, 1, 100)
	offset := p.integer("offset", 0, 0, math.MaxInt32)
	p.oneOf("status", "succeeded", "failed")
	models, statuses := query["model"], query["status"]
	if len(models) > 50 {
		p.bad("model must contain no more than 50 elements")
	}
	if len(p.problems) > 0 {
		return nil, &Refusal{http.StatusBadRequest, p.problems}
	}
	if !strings.HasPrefix(key, query.Get("key_prefix")) {
		return nil, &Refusal{http.StatusForbidden, "Listing the requests of another key requires a management key."}
	}
	var found []Row
	for _, row := range rows {
		switch {
		case row.Key != key, row.Shown.After(now), row.Created.Before(from), !row.Created.Before(to):
		case len(models) > 0 && !slices.ContainsFunc(models, row.isOf):
		case len(statuses) > 0 && !slices.Contains(statuses, row.status()):
		default:
			found = append(found, row)
		}
	}
	// Rows are added as jobs end; of two created at once, the later one counts as newer.
	slices.Reverse(found)
	slices.SortStableFunc(found, func(a, b Row) int { return b.Created.Compare(a.Created) })
	found = hide(found, hideEvery)
	page := logPage{Data: []logEntry{}}
	for _, row := range found[min(offset, len(found)):min(offset+limit, len(found))] {
		page.Data = append(page.Data, row.entry())
	}
	page.Pagination.Limit, page.Pagination.Offset, page.Pagination.Total = limit, offset, len(found)
	page.Pagination.HasMore = offset+limit < len(found)
	return page, nil
}

func (r Row) status() string {
	if r.Succeeded {
		return "succeeded"
	}
	return "failed"
}

// isOf matches source/alias or the bare alias.
func (r Row) isOf(model string) bool {
	_, alias, _ := strings.Cut(r.Model, "/")
	return model == r.Model || model == alias
}

func (r Row) entry() logEntry {
	e := logEntry{
		Created: contract.Time(r.Created), Status: r.status(), Origin: "api", Model: r.Model,
		Cost: cost{contract.USD(r.Credits), r.Credits}, RequestID: r.RequestID, InferenceID: r.InferenceID,
	}
	if r.ClientID != "" {
		e.ClientRequestID = &r.ClientID
	}
	return e
}

// hide omits every n-th row; 0 omits none.
func hide[T any](rows []T, every int) []T {
	if every == 0 {
		return rows
	}
	var rest []T
	for i, row := range rows {
		if (i+1)%every != 0 {
			rest = append(rest, row)
		}
	}
	return rest
}
