package price_test

import (
	"encoding/json"
	"math"
	"testing"
	"time"

	"github.com/takeup/takeup/internal/price"
)

func TestEstimate(t *testing.T) {
	const model = "klingai/video-v3-pro-text-to-video"
	for name, c := range map[string]struct {
		pricing, request string
		charged          price.Micros
		want             price.Estimate
		exact            bool
	}{
		"exact by the list": {`{"kind":"fixed","units":[{"measure":"second","price":0.5,"per":1}]}`, `"duration":4`, 0,
			price.Estimate{Basis: price.ByList, Least: 2_000_000, Most: 2_000_000}, true},
		"exact, though another was dearer": {`{"kind":"fixed","units":[{"measure":"video","price":1,"per":1}]}`, `"duration":4`, 3_000_000,
			price.Estimate{Basis: price.ByList, Least: 1_000_000, Most: 1_000_000, Charged: 3_000_000}, true},
		"at least, where it is variable": {`{"kind":"variable","units":[{"measure":"video","price":1,"per":1}]}`, `"duration":4`, 3_000_000,
			price.Estimate{Basis: price.ByList, Least: 1_000_000, Charged: 3_000_000}, false},
		"by charges, where the list names no rate": {`{"kind":"variable"}`, `"duration":4`, 3_000_000,
			price.Estimate{Basis: price.ByCharges, Least: 3_000_000, Charged: 3_000_000}, false},
		"not known": {`{"kind":"variable"}`, `"duration":4`, 0, price.Estimate{}, false},
	} {
		list, err := price.Parse([]byte(`{"data":[{"id":"`+model+`","pricing":`+c.pricing+`}]}`), "the list", time.Now())
		if err != nil {
			t.Fatal(err)
		}
		if got := list.Estimate(request(t, model, c.request), c.charged); got != c.want || got.Exact() != c.exact {
			t.Errorf("%s: got %+v, exact %v", name, got, got.Exact())
		}
	}
	var none price.List
	if got := none.Estimate(request(t, model, `"duration":4`), 7); got != (price.Estimate{Basis: price.ByCharges, Least: 7, Charged: 7}) {
		t.Errorf("without a list: %+v", got)
	}
}

func TestAmountsInWords(t *testing.T) {
	for amount, want := range map[price.Micros][2]string{
		0: {"0", "0.00 USD"}, 980_000: {"0.98", "0.98 USD"}, 3_250_000: {"3.25", "3.25 USD"}, 1: {"0.000001", "0.000001 USD"},
		1_234_567: {"1.234567", "1.234567 USD"}, 500_000_000: {"500", "500.00 USD"}, math.MaxInt64: {"9223372036854.775807", "9223372036854.775807 USD"},
	} {
		data, err := json.Marshal(amount.USD())
		if err != nil || string(data) != want[0] || amount.String() != want[1] {
			t.Errorf("%d: %s, %s, %v", int64(amount), data, amount, err)
		}
	}
}

// Only keeps the models that are named, by any of their names.
func TestOnly(t *testing.T) {
	list, err := price.Parse([]byte(`{"data":[{"id":"a"},{"id":"b","aliases":["A2"]},{"id":"c"}]}`), "the list", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	got := list.Only([]string{"A", "a2", "d"})
	if len(got.Models) != 2 || got.Models[0].ID != "a" || got.Models[1].ID != "b" || got.Source != "the list" || len(list.Models) != 3 {
		t.Errorf("got %+v of %+v", got, list)
	}
}
