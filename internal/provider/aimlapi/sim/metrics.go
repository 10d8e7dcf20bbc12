package sim

import (
	"math"
	"net/http"
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

// metrics handles GET /models/metrics.
func (s *Server) metrics(x *exchange) reply {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.settle()
	p := readParams(x.query, nil, []string{"aliases"})
	aliases := x.query["aliases"]
	if len(aliases) > 100 {
		p.bad("aliases must contain no more than 100 elements")
	}
	if len(p.problems) > 0 {
		return s.refuse(x, http.StatusBadRequest, p.problems)
	}
	took := map[string][]float64{}
	for _, g := range slices.Backward(s.completions) {
		if now.Sub(g.EndsAt) >= metricsWindow {
			break
		}
		took[g.Model] = append(took[g.Model], float64(g.EndsAt.Sub(g.CreatedAt).Milliseconds()))
	}
	answer := metricsReply{WindowSeconds: int(metricsWindow.Seconds()), GeneratedAt: stamp(now), Models: []modelMetrics{}}
	for _, model := range s.models.all {
		times := took[model.Name]
		if len(times) == 0 || len(aliases) > 0 && !slices.Contains(aliases, model.Name) {
			continue
		}
		slices.Sort(times)
		m := modelMetrics{Alias: model.Name, Endpoint: contract.UniversalPath}
		m.Metrics.DurationMS = percentiles{rank(times, 0.50), rank(times, 0.75), rank(times, 0.90), rank(times, 0.99)}
		answer.Models = append(answer.Models, m)
	}
	return reply{status: http.StatusOK, body: answer}
}

// rank returns the nearest-rank percentile of sorted values.
func rank(sorted []float64, p float64) float64 {
	return sorted[int(math.Ceil(p*float64(len(sorted))))-1]
}
