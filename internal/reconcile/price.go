package reconcile

import (
	"fmt"
	"slices"

	"github.com/takeup/takeup/internal/price"
	"github.com/takeup/takeup/internal/reconcile/gather"
	"github.com/takeup/takeup/internal/video"
)

const (
	// dear is the multiple of the expected price above which a charge is reported.
	dear = 3
	// fewest is the number of a model's other charges needed for an estimate when the
	// price list doesn't have the model.
	fewest = 3
)

// prices reports each job's charge that is far above the expected price. A charge of an
// unknown job can't be judged, since the video's length is unknown.
func (c *comparison) prices(payments map[string]*gather.Payment, jobs map[string]string) {
	type bought struct {
		key       string
		perSecond float64 // micro-dollars
	}
	byModel := map[string][]bought{}
	for key, p := range payments {
		request := c.Entries[jobs[key]].Request
		if seconds := request.Duration(); p.Micros > 0 && seconds > 0 {
			byModel[request.Model()] = append(byModel[request.Model()], bought{key, float64(p.Micros) / float64(seconds)})
		}
	}
	for _, all := range byModel {
		for _, b := range all {
			var others []float64
			for _, other := range all {
				if other.key != b.key {
					others = append(others, other.perSecond)
				}
			}
			p, job := payments[b.key], jobs[b.key]
			seconds := float64(c.Entries[job].Request.Duration())
			usual, source := c.usualPrice(c.Entries[job].Request, others)
			if usual == 0 || b.perSecond <= dear*usual {
				continue
			}
			c.find(Finding{
				Kind: Price, What: p.ID, Job: job, At: p.At, Micros: p.Micros,
				Detail: fmt.Sprintf("charged %s instead of the expected %s (%s)", usd(float64(p.Micros)), usd(usual*seconds), source),
				ToDo:   "ask the provider's support for a refund, with the generation's id; check the other charges before you submit more",
			})
		}
	}
}

// usualPrice returns the price of a second of the request's video, in micro-dollars, and
// its source; 0 if unknown. It uses the upper estimate by the price list, or else the
// median of the model's other charges.
func (c *comparison) usualPrice(request video.Request, others []float64) (micros float64, source string) {
	if e := c.Prices.Estimate(request, 0); e.Most > 0 {
		return float64(e.Most) / float64(request.Duration()), "the price list"
	}
	if len(others) < fewest {
		return 0, ""
	}
	slices.Sort(others)
	return others[len(others)/2], fmt.Sprintf("the median of %d other charges of the model", len(others))
}

func usd(micros float64) string { return fmt.Sprintf("%.2f USD", micros/float64(price.PerUSD)) }
