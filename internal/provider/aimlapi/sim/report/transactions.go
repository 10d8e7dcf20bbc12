package report

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/takeup/takeup/internal/provider/aimlapi/sim/contract"
)

// Entry is a movement of the account's balance.
type Entry struct {
	At        time.Time
	Charge    bool
	Kind      string
	Credits   int64
	Model     string
	Reference string
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

// Transactions returns the reply of GET /v2/billing/transactions: the account's entries, whatever the key, newest first.
// Entries are only appended, in order of time. The error is a *Refusal.
func Transactions(entries []Entry, query url.Values, hideEvery int) (any, error) {
	p := readParams(query, []string{"from", "to", "direction", "type", "limit", "cursor"}, nil)
	from, to := p.moment("from", true), p.moment("to", true)
	if !from.IsZero() && !to.IsZero() && !to.After(from) {
		p.bad("to must be later than from")
	}
	p.oneOf("direction", "TOPUP", "CHARGE")
	p.oneOf("type", "PAYMENT", "BONUS", "REFUND", "ADJUSTMENT", "MODEL_USAGE", "CREDITS_EXPIRED", "INIT")
	limit := p.integer("limit", 50, 1, 100)
	// A cursor is the index of the last one returned.
	next := len(entries)
	if query.Has("cursor") {
		var ok bool
		if next, ok = parseCursor(query.Get("cursor")); !ok || next > len(entries) {
			p.bad("cursor must be taken from a previous response")
		}
	}
	if len(p.problems) > 0 {
		return nil, &Refusal{http.StatusBadRequest, p.problems}
	}
	matches := func(e Entry) bool {
		line := e.line()
		return (from.IsZero() || !e.At.Before(from)) && (to.IsZero() || e.At.Before(to)) &&
			(!query.Has("direction") || query.Get("direction") == line.Direction) &&
			(!query.Has("type") || query.Get("type") == line.Type)
	}
	var places []int
	for i, e := range slices.Backward(entries[:next]) {
		if matches(e) {
			places = append(places, i)
		}
	}
	places = hide(places, hideEvery)
	page := entryPage{Data: []entryLine{}}
	page.Pagination.HasMore = len(places) > limit
	for _, i := range places[:min(limit, len(places))] {
		page.Data = append(page.Data, entries[i].line())
	}
	if page.Pagination.HasMore {
		cursor := formatCursor(places[limit-1])
		page.Pagination.NextCursor = &cursor
	}
	return page, nil
}

func (e Entry) line() entryLine {
	l := entryLine{CreatedAt: contract.Time(e.At), Direction: "TOPUP", Type: e.Kind, Amount: cost{contract.USD(e.Credits), e.Credits}}
	if e.Charge {
		l.Direction, l.Model, l.ReferenceID = "CHARGE", &e.Model, &e.Reference
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
