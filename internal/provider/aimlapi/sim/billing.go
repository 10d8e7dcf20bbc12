package sim

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"time"
)

// entry is a movement of the account's balance.
type entry struct {
	at        time.Time
	charge    bool
	kind      string
	credits   int64
	model     string
	reference string
}

// The provider's shape of the account's ledger.
type (
	entryPage struct {
		Data       []entryLine `json:"data"`
		Pagination struct {
			NextCursor *string `json:"next_cursor"`
			HasMore    bool    `json:"has_more"`
		} `json:"pagination"`
	}
	entryLine struct {
		CreatedAt   string  `json:"created_at"`
		Direction   string  `json:"direction"`
		Type        string  `json:"type"`
		Amount      cost    `json:"amount"`
		Model       *string `json:"model"`
		ReferenceID *string `json:"reference_id"`
	}
)

// transactions handles GET /v2/billing/transactions: the account's entries, whatever the key, newest first.
func (s *Server) transactions(x *exchange) reply {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle()
	p := readParams(x.query, []string{"from", "to", "direction", "type", "limit", "cursor"}, nil)
	from, to := p.moment("from", true), p.moment("to", true)
	if !from.IsZero() && !to.IsZero() && !to.After(from) {
		p.bad("to must be later than from")
	}
	p.oneOf("direction", "TOPUP", "CHARGE")
	p.oneOf("type", "PAYMENT", "BONUS", "REFUND", "ADJUSTMENT", "MODEL_USAGE", "CREDITS_EXPIRED", "INIT")
	limit := p.integer("limit", 50, 1, 100)
	// Entries are only appended, in order of time; a cursor is the index of the last one returned.
	next := len(s.entries)
	if x.query.Has("cursor") {
		var ok bool
		if next, ok = parseCursor(x.query.Get("cursor")); !ok || next > len(s.entries) {
			p.bad("cursor must be taken from a previous response")
		}
	}
	if len(p.problems) > 0 {
		return s.refuse(x, http.StatusBadRequest, p.problems)
	}
	matches := func(e entry) bool {
		line := e.line()
		return (from.IsZero() || !e.at.Before(from)) && (to.IsZero() || e.at.Before(to)) &&
			(!x.query.Has("direction") || x.query.Get("direction") == line.Direction) &&
			(!x.query.Has("type") || x.query.Get("type") == line.Type)
	}
	var places []int
	for i, e := range slices.Backward(s.entries[:next]) {
		if matches(e) {
			places = append(places, i)
		}
	}
	places = hide(places, x.fault.HideEvery)
	page := entryPage{Data: []entryLine{}}
	page.Pagination.HasMore = len(places) > limit
	for _, i := range places[:min(limit, len(places))] {
		page.Data = append(page.Data, s.entries[i].line())
	}
	if page.Pagination.HasMore {
		cursor := formatCursor(places[limit-1])
		page.Pagination.NextCursor = &cursor
	}
	return reply{status: http.StatusOK, body: page}
}

func (e entry) line() entryLine {
	l := entryLine{CreatedAt: stamp(e.at), Direction: "TOPUP", Type: e.kind, Amount: cost{usd(e.credits), e.credits}}
	if e.charge {
		l.Direction, l.Model, l.ReferenceID = "CHARGE", &e.model, &e.reference
	}
	return l
}

type cursor struct {
	Version int `json:"v"`
	Before  int `json:"b"`
}

func formatCursor(before int) string {
	// A struct of two numbers can't fail.
	text, _ := json.Marshal(cursor{1, before})
	return base64.RawURLEncoding.EncodeToString(text)
}

// parseCursor accepts a cursor only in the exact form of formatCursor.
func parseCursor(text string) (int, bool) {
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return 0, false
	}
	var c cursor
	if err := json.Unmarshal(raw, &c); err != nil || c.Before < 0 || formatCursor(c.Before) != text {
		return 0, false
	}
	return c.Before, true
}

// billing handles GET /v2/billing.
func (s *Server) billing(*exchange) reply {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle()
	return reply{status: http.StatusOK, body: struct {
		CurrentBalance float64 `json:"current_balance"`
		Currency       string  `json:"currency"`
	}{usd(s.balance), "USD"}}
}

// accountBalance handles GET /v1/billing/balance.
func (s *Server) accountBalance(*exchange) reply {
	const threshold = 10_000
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.settle()
	return reply{status: http.StatusOK, body: struct {
		Balance             int64  `json:"balance"`
		LowBalance          bool   `json:"lowBalance"`
		LowBalanceThreshold int64  `json:"lowBalanceThreshold"`
		LastUpdated         string `json:"lastUpdated"`
		AutoDebitStatus     string `json:"autoDebitStatus"`
		Status              string `json:"status"`
		StatusExplanation   string `json:"statusExplanation"`
	}{s.balance, s.balance < threshold, threshold, stamp(now), "disabled", "current", "Balance is current and up to date"}}
}
