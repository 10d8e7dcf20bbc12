package sim

import (
	"container/heap"
	"fmt"
	"time"

	"github.com/takeup/takeup/internal/provider/aimlapi/sim/clip"
	"github.com/takeup/takeup/internal/provider/aimlapi/sim/order"
	"github.com/takeup/takeup/internal/provider/aimlapi/sim/report"
	"github.com/takeup/takeup/internal/provider/aimlapi/sim/script"
)

// generation is an accepted create, with what the ledger does not show.
type generation struct {
	Generation
	requestID  string
	generating time.Time
	fate       script.Fate
	video      *clip.Clip
}

// ended reports whether the generation has ended.
func (g *generation) ended(now time.Time) bool {
	return g.Outcome != script.OutcomeNever && !now.Before(g.EndsAt)
}

func (g *generation) status(now time.Time) string {
	switch {
	case g.ended(now):
		return g.Outcome
	case now.Before(g.generating):
		return "queued"
	default:
		return "generating"
	}
}

// accept adds a generation. The caller holds the lock.
func (s *Server) accept(x *exchange, o order.Order, now time.Time) (*generation, error) {
	g := &generation{
		requestID: x.requestID,
		Generation: Generation{
			ID: x.inferenceID, InferenceID: x.inferenceID, ClientRequestID: x.clientID,
			Key: x.key, KeyPrefix: keyPrefix(x.key), Model: o.Model.Name, Request: x.body,
			Seconds: o.Seconds, AspectRatio: o.Aspect, CreatedAt: now,
			PriceCredits: o.Credits,
		},
	}
	if s.settings.IDForm == script.IDWithModel {
		g.ID += ":" + o.Model.Name
	}
	var err error
	length, aspect := clip.Nearest(o.Seconds, o.Aspect)
	if g.video, err = clip.New(g.InferenceID, length, aspect, s.settings.VideoBytes); err != nil {
		return nil, err
	}
	g.VideoBytes = g.video.Size()
	drawn := s.settings.DrawSeconds(s.rand)
	g.fate = s.settings.Fate
	if s.decide != nil {
		if fate := s.decide(script.Accepted{GenerationID: g.ID, ClientRequestID: g.ClientRequestID, Model: g.Model, Request: g.Request}); fate != (script.Fate{}) {
			g.fate = fate
		}
	}
	if g.fate.Seconds != nil {
		drawn = *g.fate.Seconds
	}
	g.PriceCredits *= max(1, g.fate.ChargedTimes)
	g.Outcome = g.fate.Outcome
	if g.Outcome == "" {
		g.Outcome = script.OutcomeCompleted
	}
	g.generating = now.Add(seconds(drawn * s.settings.QueueShare))
	s.generations = append(s.generations, g)
	s.byID[g.ID], s.byInference[g.InferenceID] = g, g
	s.running[g.Key]++
	if g.Outcome != script.OutcomeNever {
		g.EndsAt = now.Add(seconds(drawn))
		heap.Push(&s.pending, g)
	}
	return g, nil
}

// Complete completes a generation now that script.OutcomeNever keeps generating. It is charged like any other.
func (s *Server) Complete(id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	g := s.byID[id]
	if g == nil || g.Outcome != script.OutcomeNever {
		return fmt.Errorf("simulator: no generation %q is kept generating", id)
	}
	g.Outcome, g.EndsAt = script.OutcomeCompleted, s.clock()
	heap.Push(&s.pending, g)
	return nil
}

// settle ends, in order, the generations that are due: it charges the completed ones and writes their log rows. It
// returns the current time. The caller holds the lock.
func (s *Server) settle() time.Time {
	now := s.clock()
	for len(s.pending) > 0 && s.pending[0].ended(now) {
		g := heap.Pop(&s.pending).(*generation)
		s.running[g.Key]--
		row := report.Row{
			Created: g.CreatedAt, Shown: g.EndsAt.Add(seconds(s.settings.LogsLagSeconds)), Key: g.Key, Model: g.Model,
			RequestID: g.requestID, InferenceID: g.InferenceID, ClientID: g.ClientRequestID,
		}
		if g.Outcome == script.OutcomeCompleted {
			g.ChargedCredits = g.PriceCredits
			s.balance -= g.PriceCredits
			s.entries = append(s.entries, report.Entry{At: g.EndsAt, Charge: true, Kind: "MODEL_USAGE", Credits: g.PriceCredits,
				Model: g.Model, Reference: g.InferenceID})
			s.completions = append(s.completions, report.Completion{Model: g.Model, Created: g.CreatedAt, Ends: g.EndsAt})
			row.Succeeded, row.Credits = true, g.PriceCredits
		}
		s.rows = append(s.rows, row)
	}
	return now
}

// byEnd is a heap of running generations, the next to end first.
type byEnd []*generation

func (h byEnd) Len() int           { return len(h) }
func (h byEnd) Less(i, j int) bool { return h[i].EndsAt.Before(h[j].EndsAt) }
func (h byEnd) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }

// Push implements heap.Interface.
func (h *byEnd) Push(g any) { *h = append(*h, g.(*generation)) }

// Pop implements heap.Interface.
func (h *byEnd) Pop() any {
	last := len(*h) - 1
	g := (*h)[last]
	*h = (*h)[:last]
	return g
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
