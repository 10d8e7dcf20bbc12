package batch

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"slices"
	"time"

	"github.com/takeup/takeup/internal/batch/batchfile"
	"github.com/takeup/takeup/internal/price"
	"github.com/takeup/takeup/internal/video"
)

// LookupSize is how many jobs are looked up at a time.
const LookupSize = 100

// Known is what is known about an existing job.
type Known struct {
	State video.State
	// Paid says whether the job is paid or may be; empty if the lookup doesn't tell.
	Paid video.Paid
	// Redrivable says that a redrive may produce a video, if the job ended without one.
	Redrivable bool
}

// Jobs looks up existing jobs.
type Jobs interface {
	// Known returns the jobs that exist, by id. It takes at most LookupSize ids.
	Known(ctx context.Context, ids []string) (map[string]Known, error)
}

// Prices estimates the costs of requests.
type Prices interface {
	// Price returns the expected cost of a request. It doesn't depend on the request's
	// texts.
	Price(context.Context, video.Request) (price.Estimate, error)
}

// Times estimates how long videos take.
type Times interface {
	// Usual returns how long such a video usually takes; false if that isn't known.
	Usual(ctx context.Context, model string, duration int) (time.Duration, bool)
}

// What is what is to be done for one video of a batch.
type What string

// The values of What.
const (
	New     What = "new"     // the job doesn't exist
	Resume  What = "resume"  // it failed, and a redrive can resume it
	Running What = "running" // it has not ended
	Stored  What = "stored"  // its video is stored
	Over    What = "over"    // it ended without a video, by its owner's choice or finally
)

// of returns what is to be done with a job, and whether that costs money.
func of(known Known, there bool) (what What, pays bool) {
	switch {
	case !there:
		return New, true
	case known.State == video.StateCompleted:
		return Stored, false
	case !known.State.Ended():
		return Running, false
	case known.State == video.StateFailed && known.Redrivable:
		return Resume, known.Paid == video.PaidNo
	}
	return Over, false
}

// Plan is the plan of a file. Wrong lines don't count in its videos.
type Plan struct {
	Lines  int // valid lines
	Wrong  int // lines that are wrong
	Named  []*batchfile.Wrong
	Quotes bool // quotes are wrong in the file, so valid lines may be misread too
	Videos map[What]int
	Models []Share // what is to be paid, in order of the model's name
	Total  Share
	// Usual is the sum of how long the new and resumed videos usually take, and Longest the
	// longest of them. Both exclude the TimesUnknown.
	Usual, Longest time.Duration
	TimesUnknown   int
}

// Share is what is to be paid for some videos.
type Share struct {
	Model  string
	Videos int
	// Least and Most are the sums of the known prices. For a video whose price has no
	// bound, Most has its expected minimum.
	Least, Most price.Micros
	Unbounded   int // videos that may cost more than their part of Most
	Unpriced    int // videos without a known price, which the sums exclude
}

// Exact reports whether the videos will cost exactly Least.
func (s Share) Exact() bool { return s.Unpriced == 0 && s.Unbounded == 0 && s.Least == s.Most }

func (s *Share) add(e price.Estimate) {
	s.Videos++
	if e.Basis == price.ByNothing {
		s.Unpriced++
		return
	}
	s.Least = price.Add(s.Least, e.Least)
	s.Most = price.Add(s.Most, max(e.Least, e.Most, e.Charged))
	if e.Most == 0 && !e.Exact() {
		s.Unbounded++
	}
}

// Takes returns how long the videos take if atOnce of them are made at once, as far as is
// known.
func (p Plan) Takes(atOnce int) time.Duration {
	return max(p.Longest, p.Usual/time.Duration(max(1, atOnce)))
}

// Periods returns over how many days or months the videos' cost is spread, if limit is the
// cap for each and left what remains of the first. It is 0 without a cap, or if nothing is
// to be paid.
func (p Plan) Periods(limit, left price.Micros) int {
	switch total := p.Total.Most; {
	case limit <= 0 || p.Total.Videos == 0:
		return 0
	case total <= left:
		return 1
	default:
		return 1 + int((total-max(0, left)+limit-1)/limit)
	}
}

// Planned is a line, with what is to be done for each of its videos.
type Planned struct {
	batchfile.Line
	IDs  []string
	What []What
}

// Planner plans files. Both fields may be nil.
type Planner struct {
	Jobs Jobs // nil: no job exists
	// Each is called with each valid line, in order.
	Each func(Planned)
}

// Make plans a file from its lines. Its errors are those of the interfaces, and those of
// lines except *batchfile.Wrong. If it returns a *batchfile.Unusable, the plan has the
// wrong lines found before it, and must not be used for anything else.
func (p Planner) Make(ctx context.Context, lines iter.Seq2[batchfile.Line, error], ids *IDs, prices Prices, times Times) (Plan, error) {
	m := &making{Planner: p, prices: prices, times: times, plan: Plan{Videos: map[What]int{}}, shares: map[string]*Share{}}
	for line, err := range lines {
		var wrong *batchfile.Wrong
		switch {
		case errors.As(err, &wrong):
			m.plan.Wrong++
			m.plan.Quotes = m.plan.Quotes || wrong.Quotes
			if len(m.plan.Named) < batchfile.MaxNamed {
				m.plan.Named = append(m.plan.Named, wrong)
			}
			continue
		case err != nil:
			return m.plan, err
		}
		if err := m.add(ctx, Planned{Line: line, IDs: ids.Next(line.Request, line.Copies)}); err != nil {
			return Plan{}, err
		}
	}
	if err := m.flush(ctx); err != nil {
		return Plan{}, err
	}
	for _, share := range m.shares {
		m.plan.Models = append(m.plan.Models, *share)
	}
	slices.SortFunc(m.plan.Models, func(a, b Share) int { return cmp.Compare(a.Model, b.Model) })
	return m.plan, nil
}

// making is a plan in progress.
type making struct {
	Planner
	prices  Prices
	times   Times
	plan    Plan
	shares  map[string]*Share
	waiting []Planned // lines to look up next
	ids     []string  // the ids of those lines
}

// add adds a line. It first flushes the waiting lines if there would be more than LookupSize
// ids.
func (m *making) add(ctx context.Context, line Planned) error {
	if len(m.ids)+len(line.IDs) > LookupSize {
		if err := m.flush(ctx); err != nil {
			return err
		}
	}
	m.plan.Lines++
	m.waiting, m.ids = append(m.waiting, line), append(m.ids, line.IDs...)
	return nil
}

// flush looks up and plans the waiting lines.
func (m *making) flush(ctx context.Context) error {
	known := map[string]Known{}
	if m.Jobs != nil && len(m.ids) > 0 {
		var err error
		if known, err = m.Jobs.Known(ctx, m.ids); err != nil {
			return err
		}
	}
	for _, line := range m.waiting {
		for _, id := range line.IDs {
			found, there := known[id]
			what, pays := of(found, there)
			line.What = append(line.What, what)
			m.plan.Videos[what]++
			if pays {
				if err := m.price(ctx, line.Request); err != nil {
					return err
				}
			}
			if what == New || what == Resume {
				m.time(ctx, line.Request)
			}
		}
		if m.Each != nil {
			m.Each(line)
		}
	}
	m.waiting, m.ids = m.waiting[:0], m.ids[:0]
	return nil
}

func (m *making) price(ctx context.Context, request video.Request) error {
	e, err := m.prices.Price(ctx, request)
	if err != nil {
		return err
	}
	share := m.shares[request.Model()]
	if share == nil {
		share = &Share{Model: request.Model()}
		m.shares[request.Model()] = share
	}
	share.add(e)
	m.plan.Total.add(e)
	return nil
}

func (m *making) time(ctx context.Context, request video.Request) {
	usual, known := m.times.Usual(ctx, request.Model(), request.Duration())
	if !known {
		m.plan.TimesUnknown++
		return
	}
	m.plan.Usual += usual
	m.plan.Longest = max(m.plan.Longest, usual)
}
