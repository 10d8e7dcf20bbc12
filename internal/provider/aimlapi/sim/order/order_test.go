package order_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/takeup/takeup/internal/provider/aimlapi/models"
	"github.com/takeup/takeup/internal/provider/aimlapi/sim/contract"
	"github.com/takeup/takeup/internal/provider/aimlapi/sim/order"
)

// all returns the provider's models.
func all() []models.Model {
	var found []models.Model
	for _, name := range (models.Catalogue{}).Names() {
		m, _ := models.Find(name)
		found = append(found, m)
	}
	return found
}

func TestRead(t *testing.T) {
	reader := order.NewReader(all())
	for _, test := range []struct {
		body    string
		seconds int
		aspect  string
		credits int64
	}{
		{`{"model":"klingai/v2-master-text-to-video","prompt":"p"}`, 5, "16:9", 3_640_000},
		{`{"model":"klingai/v2-master-text-to-video","prompt":"p","duration":"10","aspect_ratio":"1:1"}`, 10, "1:1", 7_280_000},
		{`{"model":"klingai/v2.5-turbo/pro/text-to-video","prompt":"p","duration":10}`, 10, "16:9", 910_000}, // per video, of any length
	} {
		o, err := reader.Read(contract.Universal, []byte(test.body))
		if err != nil || o.Seconds != test.seconds || o.Aspect != test.aspect || o.Credits != test.credits {
			t.Errorf("%s: %d s, %s, %d credits, %v", test.body, o.Seconds, o.Aspect, o.Credits, err)
		}
	}
	for body, want := range map[string]string{
		`{`:                             "JSON",
		`[]`:                            "body must be an object",
		`{"model":"none","prompt":"p"}`: "model must be one of",
		`{"model":"klingai/v2-master-text-to-video"}`: "prompt should not be empty",
	} {
		_, err := reader.Read(contract.Universal, []byte(body))
		var refused order.Refused
		if !errors.As(err, &refused) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", body, err, want)
		}
	}
}
