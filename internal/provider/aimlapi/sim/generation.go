package sim

import (
	"container/heap"
	"encoding/json"
	"time"
)

// generation is an accepted create, with what the ledger does not show.
type generation struct {
	Generation
	requestID  string
	generating time.Time
	fate       Fate
	video      *Video
}

// ended reports whether the generation has ended.
func (g *generation) ended(now time.Time) bool {
	return g.Outcome != OutcomeNever && !now.Before(g.EndsAt)
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

// Accepted describes to Config.Decide a create that is about to be accepted.
type Accepted struct {
	GenerationID    string
	ClientRequestID string
	Model           string
	Request         json.RawMessage
}

// accept adds a generation. The caller holds the lock.
func (s *Server) accept(x *exchange, o order, now time.Time) (*generation, error) {
	g := &generation{
		requestID: x.requestID,
		Generation: Generation{
			ID: x.inferenceID, InferenceID: x.inferenceID, ClientRequestID: x.clientID,
			Key: x.key, KeyPrefix: keyPrefix(x.key), Model: o.model.Name, Request: x.body,
			Seconds: o.seconds, AspectRatio: o.aspect, CreatedAt: now,
			PriceCredits: o.credits,
		},
	}
	if s.settings.IDForm == IDWithModel {
		g.ID += ":" + o.model.Name
	}
	var err error
	if g.video, err = NewVideo(g.InferenceID, filmed(o.seconds), shaped(o.aspect), s.settings.VideoBytes); err != nil {
		return nil, err
	}
	g.VideoBytes = g.video.Size()
	drawn := s.settings.drawSeconds(s.rand)
	g.fate = s.settings.Fate
	if s.decide != nil {
		if fate := s.decide(Accepted{g.ID, g.ClientRequestID, g.Model, g.Request}); fate != (Fate{}) {
			g.fate = fate
		}
	}
	if g.fate.Seconds != nil {
		drawn = *g.fate.Seconds
	}
	g.PriceCredits *= max(1, g.fate.ChargedTimes)
	g.Outcome = g.fate.Outcome
	if g.Outcome == "" {
		g.Outcome = OutcomeCompleted
	}
	g.generating = now.Add(seconds(drawn * s.settings.QueueShare))
	s.generations = append(s.generations, g)
	s.byID[g.ID], s.byInference[g.InferenceID] = g, g
	s.running[g.Key]++
	if g.Outcome != OutcomeNever {
		g.EndsAt = now.Add(seconds(drawn))
		heap.Push(&s.pending, g)
	}
	return g, nil
}

// settle ends, in order, the generations that are due: it charges the completed ones and writes their log rows. It
// returns the current time. The caller holds the lock.
func (s *Server) settle() time.Time {
	now := s.clock()
	for len(s.pending) > 0 && s.pending[0].ended(now) {
		g := heap.Pop(&s.pending).(*generation)
		s.running[g.Key]--
		row := logRow{
			created: g.CreatedAt, shown: g.EndsAt.Add(seconds(s.settings.LogsLagSeconds)), key: g.Key, model: g.Model,
			requestID: g.requestID, inferenceID: g.InferenceID, clientID: g.ClientRequestID,
		}
		if g.Outcome == OutcomeCompleted {
			g.ChargedCredits = g.PriceCredits
			s.balance -= g.PriceCredits
			s.entries = append(s.entries, entry{at: g.EndsAt, charge: true, kind: "MODEL_USAGE", credits: g.PriceCredits,
				model: g.Model, reference: g.InferenceID})
			s.completions = append(s.completions, g)
			row.succeeded, row.credits = true, g.PriceCredits
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
