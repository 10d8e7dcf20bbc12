package preview

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/batch"
	"github.com/takeup/takeup/internal/cli/money"
	"github.com/takeup/takeup/internal/cli/target"
	"github.com/takeup/takeup/internal/price"
	"github.com/takeup/takeup/internal/schedule/estimator"
	"github.com/takeup/takeup/internal/video"
)

// jobs looks up jobs through an API.
type jobs struct{ access target.API }

// Known returns what the API knows about the jobs with these ids.
func (j jobs) Known(ctx context.Context, ids []string) (map[string]batch.Known, error) {
	statuses, err := j.access.Statuses(ctx, ids)
	if err != nil {
		return nil, err
	}
	known := map[string]batch.Known{}
	for _, s := range statuses {
		k := batch.Known{State: s.Status, Redrivable: s.Redrivable}
		if s.Paid != nil {
			k.Paid = *s.Paid
		}
		known[s.ID] = k
	}
	return known, nil
}

// prices asks an API for the prices of requests. Requests that differ only in their texts have
// the same price, which it asks for once.
type prices struct {
	access target.API
	known  map[string]price.Estimate
}

// Price returns the price of a request.
func (p *prices) Price(ctx context.Context, request video.Request) (price.Estimate, error) {
	key, err := pricedBy(request)
	if err != nil {
		return price.Estimate{}, err
	}
	if e, known := p.known[key]; known {
		return e, nil
	}
	checked, err := p.access.Check(ctx, request)
	if err != nil {
		return price.Estimate{}, err
	}
	e, err := estimateOf(checked.Price)
	if err != nil {
		return price.Estimate{}, err
	}
	if p.known == nil {
		p.known = map[string]price.Estimate{}
	}
	p.known[key] = e
	return e, nil
}

// pricedBy returns what the price of a request may depend on: everything except its texts, with
// the durations of its shots.
func pricedBy(request video.Request) (string, error) {
	outline, err := json.Marshal(request.Outline())
	if err != nil {
		return "", fmt.Errorf("encoding a request: %w", err)
	}
	key := string(outline)
	value, _ := request.Value("multi_prompt")
	shots, _ := value.([]any)
	for _, shot := range shots {
		fields, _ := shot.(map[string]any)
		key += fmt.Sprint(" ", fields["duration"])
	}
	return key, nil
}

// estimateOf parses a quote; nil is an unknown price.
func estimateOf(q *api.Quote) (price.Estimate, error) {
	if q == nil {
		return price.Estimate{}, nil
	}
	e := price.Estimate{Basis: q.Basis}
	for to, usd := range map[*price.Micros]*json.Number{&e.Least: &q.USD, &e.Most: q.MostUSD, &e.Charged: q.Charged} {
		if usd == nil {
			continue
		}
		amount, err := money.Parse(*usd)
		if err != nil {
			return price.Estimate{}, err
		}
		*to = amount
	}
	return e, nil
}

// times estimates how long an API's models take. Durations that the API doesn't list have the
// built-in estimate.
type times struct{ models api.ModelList }

// Usual returns how long a video usually takes.
func (t times) Usual(_ context.Context, name string, duration int) (time.Duration, bool) {
	for _, m := range t.models.Models {
		if m.Name != name {
			continue
		}
		for _, u := range m.Usual {
			if u.Duration == duration {
				return time.Duration(u.Seconds) * time.Second, true
			}
		}
	}
	return estimator.BuiltIn(duration).Learn(nil).Usual(), true
}
