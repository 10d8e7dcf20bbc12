package caps_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/takeup/takeup/internal/caps"
	"github.com/takeup/takeup/internal/catalogue"
	"github.com/takeup/takeup/internal/price"
	"github.com/takeup/takeup/internal/provider/all"
	"github.com/takeup/takeup/internal/schedule"
)

type records struct {
	list     price.List
	charges  []int64
	listErr  error
	timesErr error
}

func (r records) PriceList(context.Context) (price.List, string, error) { return r.list, "", r.listErr }

func (r records) Times(context.Context, string, int) (schedule.Past, string, error) {
	return schedule.Past{Charges: r.charges}, "", r.timesErr
}

func TestPrice(t *testing.T) {
	const unpriced = 5_000_000
	for name, c := range map[string]struct {
		pricing string
		charges []int64 // micro-dollars
		want    int64
	}{
		"exact":                        {`{"kind":"fixed","units":[{"measure":"second","price":0.2,"per":1}]}`, nil, 1_000_000},
		"exact, and was cheaper":       {`{"kind":"fixed","units":[{"measure":"second","price":0.2,"per":1}]}`, []int64{500_000}, 1_000_000},
		"exact, and turned out dearer": {`{"kind":"fixed","units":[{"measure":"second","price":0.2,"per":1}]}`, []int64{500_000, 3_000_001, 1_000_000}, 3_000_001},
		"free":                         {`{"kind":"fixed","units":[{"measure":"video","price":0,"per":1}]}`, nil, 0},
		"the dearest of a range": {`{"kind":"variants","dimensions":["cfg_scale"],"variants":[
			{"when":{"cfg_scale":"0.1"},"price":1,"unit":"video","per":1},{"when":{"cfg_scale":"0.2"},"price":3,"unit":"video","per":1}]}`, nil, 3_000_000},
		"at least more than unpriced": {`{"kind":"variable","units":[{"measure":"video","price":7,"per":1}]}`, nil, 7_000_000},
		"at least less than unpriced": {`{"kind":"variable","units":[{"measure":"video","price":1,"per":1}]}`, nil, unpriced},
		"at least, and a charge":      {`{"kind":"variable","units":[{"measure":"video","price":1,"per":1}]}`, []int64{2_000_000}, 2_000_000},
		"variable, and a charge":      {`{"kind":"variable"}`, []int64{2_000_000}, 2_000_000},
		"unpriced":                    {`{"kind":"variable"}`, nil, unpriced},
		"not in the list":             {``, nil, unpriced},
	} {
		data := `{"data":[]}`
		if c.pricing != "" {
			data = `{"data":[{"id":"` + catalogue.Default(all.Models()) + `","pricing":` + c.pricing + `}]}`
		}
		list, err := price.Parse([]byte(data), "the list", time.Now())
		if err != nil {
			t.Fatal(err)
		}
		request, err := catalogue.OfPrompt(all.Models(), "a boat")
		if err != nil {
			t.Fatal(err)
		}
		if got, err := caps.NewPrices(records{list: list, charges: c.charges}, unpriced).Price(t.Context(), request); err != nil || got != c.want {
			t.Errorf("%s: %d, %v; want %d", name, got, err, c.want)
		}
		broken := errors.New("broken")
		for _, r := range []records{{listErr: broken}, {timesErr: broken}} {
			if _, err := caps.NewPrices(r, unpriced).Price(t.Context(), request); !errors.Is(err, broken) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}
