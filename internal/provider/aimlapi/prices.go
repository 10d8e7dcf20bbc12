package aimlapi

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/takeup/takeup/internal/price"
	"github.com/takeup/takeup/internal/provider"
	"github.com/takeup/takeup/internal/video"
)

const modelsPath = "/v1/models"

func pricesQuery() url.Values { return url.Values{"include": {"pricing"}} }

// PriceList returns the URL of the provider's price list.
func (c *Client) PriceList() string {
	return c.config.BaseURL + modelsPath + "?" + pricesQuery().Encode()
}

// mostETag is the greatest length of an entity tag that is kept, with its quotes.
const mostETag = 202

// usableETag reports whether an entity tag (RFC 9110, 8.8.3) is kept and sent back.
func usableETag(tag string) bool {
	tag = strings.TrimPrefix(tag, "W/")
	inside, quoted := strings.CutPrefix(tag, `"`)
	inside, ended := strings.CutSuffix(inside, `"`)
	other := func(r rune) bool { return r < '!' || r > '~' || r == '"' }
	return quoted && ended && len(tag) <= mostETag && !strings.ContainsFunc(inside, other)
}

// Prices returns the provider's public price list and true, or false if the list still
// has the given ETag. With an empty ETag it always returns the list. It needs no key, and
// reads at most 4 MiB. The error is a *provider.Refusal or a *provider.Unanswered.
func (c *Client) Prices(ctx context.Context, etag string) (price.List, bool, error) {
	got, err := c.read(ctx, video.Key{}, modelsPath, pricesQuery(), etag)
	if err != nil || got.status == http.StatusNotModified {
		return price.List{}, false, err
	}
	list, err := price.Parse(got.body, c.PriceList(), c.config.Now())
	if err != nil {
		return price.List{}, false, &provider.Unanswered{Err: err}
	}
	if tag := got.header.Get("ETag"); usableETag(tag) {
		list.ETag = tag
	}
	return list, true, nil
}
