package price_test

import (
	"encoding/json"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/takeup/takeup/internal/catalogue"
	"github.com/takeup/takeup/internal/price"
	"github.com/takeup/takeup/internal/provider/all"
	"github.com/takeup/takeup/internal/video"
)

const (
	v1    = "kling-video/v1/pro/text-to-video"
	v3    = "klingai/video-v3-pro-text-to-video"
	turbo = "klingai/video-v3-turbo-pro-text-to-video"
	list  = "https://provider.invalid/v1/models?include=pricing"
)

func asOf() time.Time { return time.Date(2026, 8, 21, 10, 0, 0, 0, time.UTC) }

// priced parses a list of one model and returns its price.
func priced(t *testing.T, model, pricing string) price.Price {
	t.Helper()
	l, err := price.Parse(fmt.Appendf(nil, `{"object":"list","data":[{"id":%q,"aliases":[],"type":"internal/video-generations/submit","pricing":%s}]}`, model, pricing), list, asOf())
	if err != nil {
		t.Fatal(err)
	}
	p, ok := l.Find(model)
	if !ok {
		t.Fatalf("the list has no %s", model)
	}
	return p
}

func request(t *testing.T, model, more string) video.Request {
	t.Helper()
	prompt := `"prompt":"a paper boat"`
	if more != "" && more[0] == '!' { // without a prompt
		prompt, more = "", more[1:]
	}
	if prompt != "" && more != "" {
		prompt += ","
	}
	r, err := catalogue.Parse(all.Models(), fmt.Appendf(nil, `{"model":%q,%s%s}`, model, prompt, more))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func exactly(amount price.Micros) price.Quote {
	return price.Quote{Known: true, Least: amount, Most: amount}
}

func atLeast(amount price.Micros) price.Quote { return price.Quote{Known: true, Least: amount} }

func between(least, most price.Micros) price.Quote {
	return price.Quote{Known: true, Least: least, Most: most}
}

func TestQuote(t *testing.T) {
	unknown := price.Quote{}
	audio := `{"kind":"variants","currency":"USD","dimensions":["generate_audio"],"variants":[
		{"when":{"generate_audio":false},"price":0.1,"unit":"second","per":1},{"when":{"generate_audio":true},"price":0.2,"unit":"second","per":1}]}`
	lengths := `{"kind":"variants","currency":"USD","dimensions":["duration"],"variants":[
		{"when":{"duration":5},"price":1.4,"unit":"video","per":1},{"when":{"duration":"10"},"price":2.8,"unit":"video","per":1}]}`
	resolutions := func(more string) string {
		return `{"kind":"variants","currency":"USD","dimensions":["resolution"],"variants":[
		{"when":{"resolution":"1080p"},"price":0.2,"unit":"second","per":1},{"when":{"resolution":"720p"},"price":0.1,"unit":"second","per":1}` + more + `]}`
	}
	for name, c := range map[string]struct {
		pricing, model, request string
		want                    price.Quote
	}{
		"fixed by the second":        {`{"kind":"fixed","currency":"USD","units":[{"name":"video","measure":"second","price":0.196,"per":1}]}`, v1, ``, exactly(980_000)},
		"of ten seconds":             {`{"kind":"fixed","currency":"USD","units":[{"name":"video","measure":"second","price":0.196,"per":1}]}`, v1, `"duration":10`, exactly(1_960_000)},
		"fixed by the video":         {`{"kind":"fixed","currency":"USD","units":[{"measure":"video","price":"0.98","per":"1"}]}`, v1, `"duration":10`, exactly(980_000)},
		"its unit is in the name":    {`{"kind":"Fixed","currency":"usd","units":[{"name":"Seconds","price":0.5,"per":1}]}`, v1, ``, exactly(2_500_000)},
		"for a thousand seconds":     {`{"kind":"fixed","units":[{"measure":"second","price":196,"per":1000}]}`, v1, ``, exactly(980_000)},
		"free":                       {`{"kind":"fixed","currency":"USD","units":[{"measure":"second","price":0,"per":1}]}`, v1, ``, exactly(0)},
		"two rates":                  {`{"kind":"fixed","currency":"USD","units":[{"measure":"second","price":0.2,"per":1},{"measure":"video","price":0.3,"per":1}]}`, v1, ``, between(300_000, 1_300_000)},
		"more than an amount can be": {`{"kind":"fixed","units":[{"measure":"video","price":9223372036854.775807,"per":1},{"measure":"video","price":1,"per":1},{"measure":"video","price":2,"per":1}]}`, v1, ``, between(1_000_000, math.MaxInt64)},
		"two that are free":          {`{"kind":"fixed","units":[{"measure":"second","price":0,"per":1},{"measure":"video","price":0,"per":1}]}`, v1, ``, exactly(0)},
		"one of two is free":         {`{"kind":"fixed","units":[{"measure":"second","price":0,"per":1},{"measure":"video","price":1,"per":1}]}`, v1, ``, unknown},
		"tokens besides":             {`{"kind":"fixed","currency":"USD","units":[{"measure":"second","price":0.2,"per":1},{"measure":"token","price":3,"per":1000000}]}`, v1, ``, atLeast(1_000_000)},
		"tokens alone":               {`{"kind":"fixed","currency":"USD","units":[{"measure":"token","price":3,"per":1000000}]}`, v1, ``, unknown},
		"no rate":                    {`{"kind":"fixed","currency":"USD","units":[]}`, v1, ``, unknown},
		"a storyboard of its length": {`{"kind":"fixed","currency":"USD","units":[{"measure":"second","price":0.1,"per":1}]}`, turbo, `!"multi_prompt":[{"prompt":"a","duration":2},{"prompt":"b","duration":3}]`, exactly(500_000)},
		"a longer storyboard":        {`{"kind":"fixed","currency":"USD","units":[{"measure":"second","price":0.1,"per":1}]}`, turbo, `!"multi_prompt":[{"prompt":"a","duration":2},{"prompt":"b"}]`, between(500_000, 700_000)},
		"prompts without lengths":    {`{"kind":"fixed","currency":"USD","units":[{"measure":"second","price":0.1,"per":1}]}`, v3, `!"multi_prompt":["a","b"]`, exactly(500_000)},

		"a dimension is said":            {audio, v3, `"generate_audio":false,"duration":3`, exactly(300_000)},
		"the other value":                {audio, v3, `"generate_audio":true,"duration":3`, exactly(600_000)},
		"it is left to the provider":     {audio, v3, `"duration":3`, between(300_000, 600_000)},
		"audio for generate_audio":       {`{"kind":"variants","dimensions":["audio"],"variants":[{"when":{"Audio":"true"},"price":0.2,"unit":"second","per":1},{"when":{"Audio":"false"},"price":0.1,"unit":"second","per":1}]}`, v3, `"generate_audio":true`, exactly(1_000_000)},
		"by the length":                  {lengths, v1, ``, exactly(1_400_000)},
		"of the other length":            {lengths, v1, `"duration":10`, exactly(2_800_000)},
		"of a length that isn't there":   {lengths, v3, `"duration":7`, unknown},
		"by what no request says":        {resolutions(``), v1, ``, between(500_000, 1_000_000)},
		"one of them is free":            {resolutions(`,{"when":{"resolution":"480p"},"price":0,"unit":"second","per":1}`), v1, ``, unknown},
		"one of them isn't counted":      {resolutions(`,{"when":{"resolution":"480p"},"price":1,"unit":"token","per":1000}`), v1, ``, unknown},
		"one of them can't be read":      {resolutions(`,7`), v1, ``, unknown},
		"one of them has no condition":   {resolutions(`,{"price":0.3,"unit":"second","per":1}`), v1, ``, between(500_000, 1_500_000)},
		"the one value may be another":   {`{"kind":"variants","dimensions":["resolution"],"variants":[{"when":{"resolution":"720p"},"price":0.1,"unit":"second","per":1}]}`, v1, ``, atLeast(500_000)},
		"a condition of another type":    {`{"kind":"variants","dimensions":["generate_audio"],"variants":[{"when":{"generate_audio":"on"},"price":0.1,"unit":"second","per":1}]}`, v3, `"generate_audio":false`, atLeast(500_000)},
		"a condition that is a list":     {`{"kind":"variants","dimensions":["duration"],"variants":[{"when":{"duration":[5,10]},"price":0.1,"unit":"second","per":1}]}`, v1, ``, atLeast(500_000)},
		"a text by its case":             {`{"kind":"variants","dimensions":["aspect_ratio"],"variants":[{"when":{"aspect_ratio":"16:9"},"price":0.1,"unit":"second","per":1},{"when":{"aspect_ratio":"1:1"},"price":0.05,"unit":"second","per":1}]}`, v1, ``, exactly(500_000)},
		"two rates for certain":          {`{"kind":"variants","dimensions":["duration"],"variants":[{"when":{"duration":5},"price":0.1,"unit":"second","per":1},{"when":{},"price":0.3,"unit":"second","per":1}]}`, v1, ``, between(500_000, 1_500_000)},
		"two dimensions, one unsaid":     {`{"kind":"variants","dimensions":["generate_audio","resolution"],"variants":[{"when":{"generate_audio":true,"resolution":"720p"},"price":0.1,"unit":"second","per":1},{"when":{"generate_audio":true,"resolution":"1080p"},"price":0.3,"unit":"second","per":1},{"when":{"generate_audio":false,"resolution":"720p"},"price":0.01,"unit":"second","per":1}]}`, v3, `"generate_audio":true`, between(500_000, 1_500_000)},
		"units of a price with variants": {`{"kind":"variants","units":[{"measure":"second","price":0.2,"per":1}]}`, v1, ``, unknown},

		"variable":                {`{"kind":"variable","currency":"USD"}`, v1, ``, unknown},
		"variable from a rate on": {`{"kind":"variable","currency":"USD","units":[{"measure":"second","price":0.2,"per":1}]}`, v1, ``, atLeast(1_000_000)},
		"variable by variants":    {`{"kind":"variable","dimensions":["duration"],"variants":[{"when":{"duration":5},"price":0.2,"unit":"video","per":1},{"when":{"duration":10},"price":0.1,"unit":"video","per":1}]}`, v1, ``, atLeast(200_000)},

		"another kind":           {`{"kind":"tiered","currency":"USD","units":[{"measure":"second","price":0.2,"per":1}]}`, v1, ``, unknown},
		"another currency":       {`{"kind":"fixed","currency":"EUR","units":[{"measure":"second","price":0.2,"per":1}]}`, v1, ``, unknown},
		"a currency unreadable":  {`{"kind":"fixed","currency":7,"units":[{"measure":"second","price":0.2,"per":1}]}`, v1, ``, unknown},
		"no price":               {`null`, v1, ``, unknown},
		"a price that is a text": {`"0.2 a second"`, v1, ``, unknown},
		"a negative price":       {`{"kind":"fixed","currency":"USD","units":[{"measure":"second","price":-0.2,"per":1}]}`, v1, ``, unknown},
		"an endless price":       {`{"kind":"fixed","currency":"USD","units":[{"measure":"second","price":1e999999999,"per":1}]}`, v1, ``, unknown},
		"for no second":          {`{"kind":"fixed","currency":"USD","units":[{"measure":"second","price":1,"per":0}]}`, v1, ``, unknown},
		"for half a second":      {`{"kind":"fixed","currency":"USD","units":[{"measure":"second","price":1,"per":0.5}]}`, v1, ``, unknown},
		"without its number":     {`{"kind":"fixed","currency":"USD","units":[{"measure":"second","price":1}]}`, v1, ``, unknown},
	} {
		t.Run(name, func(t *testing.T) {
			p := priced(t, c.model, c.pricing)
			if p.Source != list || !p.AsOf.Equal(asOf()) {
				t.Errorf("by %q as of %v", p.Source, p.AsOf)
			}
			if got := p.Quote(request(t, c.model, c.request)); got != c.want {
				t.Errorf("got %+v, want %+v; by %+v", got, c.want, p)
			}
			if exact := c.want.Known && c.want.Least == c.want.Most; c.want.Exact() != exact {
				t.Errorf("%+v is exact: %v", c.want, !exact)
			}
			// A price that was stored as JSON gives the same quote.
			data, err := json.Marshal(p)
			var back price.Price
			if err != nil || json.Unmarshal(data, &back) != nil || back.Quote(request(t, c.model, c.request)) != c.want {
				t.Errorf("%s, %v", data, err)
			}
		})
	}
}

// A request that sets every parameter is quoted the amount of the rate that applies.
func TestQuoteIsTheRatesAmount(t *testing.T) {
	for _, usd := range []string{"0.196", "0.0000005", "33.3333333", "1e-9"} {
		for _, per := range []int64{1, 3, 1000, 1_000_000} {
			p := priced(t, v3, fmt.Sprintf(`{"kind":"fixed","units":[{"measure":"second","price":%s,"per":%d}]}`, usd, per))
			rate := price.Rate{USD: mustDecimal(t, usd), Unit: price.Second, Per: per}
			for n := 3; n <= 15; n++ {
				want, ok := rate.Amount(int64(n))
				if got := p.Quote(request(t, v3, fmt.Sprintf(`"duration":%d`, n))); !ok || !got.Exact() || got.Least != want {
					t.Errorf("%d s at %s for %d: %+v, want %d", n, usd, per, got, want)
				}
			}
		}
	}
}
