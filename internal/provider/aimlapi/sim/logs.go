package sim

import (
	"math"
	"net/http"
	"slices"
	"strings"
	"time"
)

// logRow is a request in the logs.
type logRow struct {
	created     time.Time
	shown       time.Time // when it appears in the logs
	key         string
	model       string
	succeeded   bool
	credits     int64
	requestID   string
	inferenceID string
	clientID    string
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

// logs handles GET /v2/logs: the ended requests of the caller's key, newest first.
func (s *Server) logs(x *exchange) reply {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.settle()
	if s.overRate(KindLogs, x.key, now, s.settings.LogsPerMinute) {
		return s.tooMany(x)
	}
	p := readParams(x.query, []string{"period", "start", "end", "key_prefix", "limit", "offset"}, []string{"model", "status"})
	from, to := p.window(now)
	limit := p.integer("limit", 50, 1, 100)
	offset := p.integer("offset", 0, 0, math.MaxInt32)
	p.oneOf("status", "succeeded", "failed")
	models, statuses := x.query["model"], x.query["status"]
	if len(models) > 50 {
		p.bad("model must contain no more than 50 elements")
	}
	if len(p.problems) > 0 {
		return s.refuse(x, http.StatusBadRequest, p.problems)
	}
	if !strings.HasPrefix(x.key, x.query.Get("key_prefix")) {
		return s.refuse(x, http.StatusForbidden, "Listing the requests of another key requires a management key.")
	}
	var rows []logRow
	for _, row := range s.rows {
		switch {
		case row.key != x.key, row.shown.After(now), row.created.Before(from), !row.created.Before(to):
		case len(models) > 0 && !slices.ContainsFunc(models, row.isOf):
		case len(statuses) > 0 && !slices.Contains(statuses, row.status()):
		default:
			rows = append(rows, row)
		}
	}
	// Rows are added as jobs end; of two created at once, the later one counts as newer.
	slices.Reverse(rows)
	slices.SortStableFunc(rows, func(a, b logRow) int { return b.created.Compare(a.created) })
	rows = hide(rows, x.fault.HideEvery)
	page := logPage{Data: []logEntry{}}
	for _, row := range rows[min(offset, len(rows)):min(offset+limit, len(rows))] {
		page.Data = append(page.Data, row.entry())
	}
	page.Pagination.Limit, page.Pagination.Offset, page.Pagination.Total = limit, offset, len(rows)
	page.Pagination.HasMore = offset+limit < len(rows)
	return reply{status: http.StatusOK, body: page}
}

func (r logRow) status() string {
	if r.succeeded {
		return "succeeded"
	}
	return "failed"
}

// isOf matches source/alias or the bare alias.
func (r logRow) isOf(model string) bool {
	_, alias, _ := strings.Cut(r.model, "/")
	return model == r.model || model == alias
}

func (r logRow) entry() logEntry {
	e := logEntry{
		Created: stamp(r.created), Status: r.status(), Origin: "api", Model: r.model,
		Cost: cost{usd(r.credits), r.credits}, RequestID: r.requestID, InferenceID: r.inferenceID,
	}
	if r.clientID != "" {
		e.ClientRequestID = &r.clientID
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
