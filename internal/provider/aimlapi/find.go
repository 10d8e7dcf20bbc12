package aimlapi

import (
	"context"
	"errors"

	"github.com/takeup/takeup/internal/provider"
	"github.com/takeup/takeup/internal/video"
)

// Find looks for a submission in the log of the key that it was made with. The log has a
// row for it once its generation has ended; Find then confirms the generation that the row
// names. Before the log, it tries the ID that came with an unusable answer. If the log has
// no row, it reads the account's charges for those that may be the submission's.
func (c *Client) Find(ctx context.Context, keys provider.Keys, lost provider.Submission) (provider.Found, error) {
	key, err := keys.Version(ctx, lost.KeyVersion)
	var gone *video.NoKeyVersion
	if errors.As(err, &gone) {
		return provider.Found{Unread: gone.Error()}, nil
	}
	if err != nil {
		return provider.Found{}, err
	}
	if lost.Candidate != "" {
		if generation, err := c.confirm(ctx, key, keys, lost.Candidate); err == nil {
			return provider.Found{Generation: generation}, nil
		}
	}
	from, to := lost.From.Add(-provider.ClockSkew), lost.Until.Add(provider.ClockSkew)
	rows, err := c.Requests(ctx, key, from, to)
	if err != nil {
		return unread("its logs", err), nil
	}
	known := map[string]bool{}
	for _, row := range rows {
		if row.Reference != lost.Reference {
			known[row.ID] = row.Reference != ""
			continue
		}
		if row.ID == "" {
			if row.Failed {
				continue // names no generation, so it proves nothing
			}
			return provider.Found{Unread: "the row of it in its logs has no usable id"}, nil
		}
		generation, err := c.locate(ctx, key, keys, row.ID, lost)
		if row.Failed && unknown(err) {
			continue // the request failed without a generation
		}
		if err != nil {
			return unread("generation "+row.ID+", which its logs name", err), nil
		}
		return provider.Found{Generation: generation}, nil
	}
	charges, err := c.Charges(ctx, key, from, c.config.Now().Add(provider.ClockSkew))
	if err != nil {
		return unread("its transactions", err), nil
	}
	found := provider.Found{Complete: true}
	model := lost.Request.Model()
	for _, charge := range charges {
		if charge.ID != "" && !known[charge.ID] && (charge.Model == "" || charge.Model == model) && charge.Created.Before(lost.ChargedBy) {
			found.Unexplained = append(found.Unexplained, charge.ID)
		}
	}
	return found, nil
}

// locate retrieves a generation found in the logs, which don't name its route. It tries
// the route that the request would use now, then the other, since the configuration may
// have changed.
func (c *Client) locate(ctx context.Context, key video.Key, keys provider.Keys, id string, lost provider.Submission) (provider.Generation, error) {
	at := location{c.route(lost.Request), lost.Request.Model(), id}
	generation, err := c.confirm(ctx, key, keys, at.handle())
	if !unknown(err) {
		return generation, err
	}
	if at.route = RouteLegacy; c.route(lost.Request) == RouteLegacy {
		at.route = RouteUniversal
	}
	return c.confirm(ctx, key, keys, at.handle())
}

// confirm retrieves a generation with the key that it was submitted with, or with the
// current key if that one is no longer accepted. Only the logs need the original key.
func (c *Client) confirm(ctx context.Context, key video.Key, keys provider.Keys, handle provider.Handle) (provider.Generation, error) {
	generation, err := c.Retrieve(ctx, key, handle)
	if provider.IsRefusal(err, provider.RefusedKey) {
		return provider.Account{Provider: c, Keys: keys}.Retrieve(ctx, handle)
	}
	return generation, err
}

func unknown(err error) bool { return provider.IsRefusal(err, provider.RefusedUnknown) }

// unread is a lookup that learned nothing.
func unread(what string, err error) provider.Found {
	return provider.Found{Unread: what + ": " + err.Error()}
}
