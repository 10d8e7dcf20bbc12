package aimlapi

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"time"

	"github.com/takeup/takeup/internal/provider"
	"github.com/takeup/takeup/internal/video"
)

// pageSize is the provider's maximum page size, in rows.
const pageSize = 100

// maxPages bounds one reading. The provider allows 200 requests in 60 s; a reading that
// needs more pages covers too long a period.
const maxPages = 150

// Requests reads the provider's log of the requests made with a key in a period. It
// returns all of them, or an error: a *provider.Refusal or a *provider.Unanswered.
func (c *Client) Requests(ctx context.Context, key video.Key, from, to time.Time) ([]provider.LoggedRequest, error) {
	var rows []provider.LoggedRequest
	for range maxPages {
		body, err := c.get(ctx, key, "/v2/logs", url.Values{
			"start": {stamp(from)}, "end": {stamp(to)},
			"limit": {strconv.Itoa(pageSize)}, "offset": {strconv.Itoa(len(rows))},
		})
		if err != nil {
			return nil, err
		}
		var page struct {
			Data []struct {
				Created         time.Time `json:"created"`
				Status          string    `json:"status"`
				Model           string    `json:"model"`
				InferenceID     string    `json:"inference_id"`
				ClientRequestID *string   `json:"client_request_id"`
			} `json:"data"`
			Pagination struct {
				Total   *number `json:"total"`
				HasMore *bool   `json:"has_more"`
			} `json:"pagination"`
		}
		err = json.Unmarshal(body, &page)
		if err != nil || page.Data == nil || page.Pagination.Total == nil || page.Pagination.HasMore == nil {
			return nil, &provider.Unanswered{Err: fmt.Errorf("the logs are not in their documented shape")}
		}
		for _, row := range page.Data {
			logged := provider.LoggedRequest{Created: row.Created, Failed: state(row.Status) == provider.Failed, Model: line(row.Model)}
			if validID(row.InferenceID) {
				logged.ID = bare(row.InferenceID)
			}
			if row.ClientRequestID != nil {
				logged.Reference = *row.ClientRequestID
			}
			rows = append(rows, logged)
		}
		if !*page.Pagination.HasMore {
			if total := page.Pagination.Total.whole(); int64(len(rows)) < total {
				return nil, &provider.Unanswered{Err: fmt.Errorf("the logs gave %d of %d rows", len(rows), total)}
			}
			return rows, nil
		}
		if len(page.Data) == 0 {
			return nil, &provider.Unanswered{Err: fmt.Errorf("the logs gave an empty page and said that there is more")}
		}
	}
	return nil, &provider.Unanswered{Err: fmt.Errorf("the logs have over %d rows in that time", maxPages*pageSize)}
}

// Charges reads what the account was charged for generations in a period. It returns all
// charges, or an error: a *provider.Refusal or a *provider.Unanswered.
func (c *Client) Charges(ctx context.Context, key video.Key, from, to time.Time) ([]provider.Charge, error) {
	var charges []provider.Charge
	query := url.Values{
		"from": {stamp(from)}, "to": {stamp(to)},
		"direction": {"CHARGE"}, "type": {"MODEL_USAGE"}, "limit": {strconv.Itoa(pageSize)},
	}
	for range maxPages {
		body, err := c.get(ctx, key, "/v2/billing/transactions", query)
		if err != nil {
			return nil, err
		}
		var page struct {
			Data []struct {
				CreatedAt time.Time `json:"created_at"`
				Amount    struct {
					Credits number `json:"credits"`
				} `json:"amount"`
				Model       *string `json:"model"`
				ReferenceID *string `json:"reference_id"`
			} `json:"data"`
			Pagination struct {
				NextCursor string `json:"next_cursor"`
				HasMore    *bool  `json:"has_more"`
			} `json:"pagination"`
		}
		if err := json.Unmarshal(body, &page); err != nil || page.Data == nil || page.Pagination.HasMore == nil {
			return nil, &provider.Unanswered{Err: fmt.Errorf("the transactions are not in their documented shape")}
		}
		for _, row := range page.Data {
			charge := provider.Charge{Created: row.CreatedAt, Micros: MicrosOfCredits(row.Amount.Credits.whole())}
			if row.Model != nil {
				charge.Model = line(*row.Model)
			}
			if row.ReferenceID != nil && validID(*row.ReferenceID) {
				charge.ID = bare(*row.ReferenceID)
			}
			charges = append(charges, charge)
		}
		if !*page.Pagination.HasMore {
			return charges, nil
		}
		if page.Pagination.NextCursor == "" {
			return nil, &provider.Unanswered{Err: fmt.Errorf("the transactions said that there is more, and not where")}
		}
		query.Set("cursor", page.Pagination.NextCursor)
	}
	return nil, &provider.Unanswered{Err: fmt.Errorf("the transactions have over %d rows in that time", maxPages*pageSize)}
}

// stamp formats a time as ISO 8601 in UTC, to the millisecond.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }
