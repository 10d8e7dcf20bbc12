package report

import (
	"math"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/takeup/takeup/internal/provider/aimlapi/sim/contract"
)

// metricsWindow is the period that the metrics cover.
const metricsWindow = 300 * time.Second

// The provider's shape of the metrics; a video model only has duration_ms.
type (
	metricsReply struct {
		WindowSeconds int            `json:"window_seconds"`
		GeneratedAt   string         `json:"generated_at"`
		Models        []modelMetrics `json:"models"`
	}
	modelMetrics struct {
		Alias    string `json:"alias"`
		Endpoint string `json:"endpoint"`
		Metrics  struct {
			DurationMS percentiles `json:"duration_ms"`
		} `json:"metrics"`
	}
	percentiles struct {
		P50 float64 `json:"p50"`
		P75 float64 `json:"p75"`
		P90 float64 `json:"p90"`
		P99 float64 `json:"p99"`
	}
)

// Completion is a generation that has completed.
type Completion struct {
	Model         string
	Created, Ends time.Time
}

// Metrics returns the reply of GET /models/metrics, for these models. The completions are in the order in which they ended.
// The error is a *Refusal.
func Metrics(completions []Completion, models []string, query url.Values, now time.Time) (any, error) {
	p := readParams(query, nil, []string{"aliases"})
	aliases := query["aliases"]
	if len(aliases) > 100 {
		p.bad("aliases must contain no more than 100 elements")
	}
	if len(p.problems) > 0 {
		return nil, &Refusal{http.StatusBadRequest, p.problems}
	}
	took := map[string][]float64{}
	for _, c := range slices.Backward(completions) {
		if now.Sub(c.Ends) >= metricsWindow {
			break
		}
		took[c.Model] = append(took[c.Model], float64(c.Ends.Sub(c.Created).Milliseconds()))
	}
	answer := metricsReply{WindowSeconds: int(metricsWindow.Seconds()), GeneratedAt: contract.Time(now), Models: []modelMetrics{}}
	for _, model := range models {
		times := took[model]
		if len(times) == 0 || len(aliases) > 0 && !slices.Contains(aliases, model) {
			continue
		}
		slices.Sort(times)
		m := modelMetrics{Alias: model, Endpoint: contract.UniversalPath}
		m.Metrics.DurationMS = percentiles{rank(times, 0.50), rank(times, 0.75), rank(times, 0.90), rank(times, 0.99)}
		answer.Models = append(answer.Models, m)
	}
	return answer, nil
}

// rank returns the nearest-rank percentile of sorted values.
func rank(sorted []float64, p float64) float64 {
	return sorted[int(math.Ceil(p*float64(len(sorted))))-1]
}
