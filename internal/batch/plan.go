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

// Known is what is known of a job that there is already.
type Known struct {
	State video.State
	// Paid says whether it is paid or may be; empty where that isn't told.
	Paid video.Paid
	// Redrivable says that a redrive may give it a video, where it ended without one.
	Redrivable bool
}

// Jobs knows the jobs that there are.
type Jobs interface {
	// Known gives those of at most LookupSize ids that are jobs.
	Known(ctx context.Context, ids []string) (map[string]Known, error)
}

// Prices says what requests cost.
type Prices interface {
	// Price gives what a request is expected to cost. The texts of the request have no
	// part in it.
	Price(context.Context, video.Request) (price.Estimate, error)
}

// Times says how long videos take.
type Times interface {
	// Usual is how long one usually takes; false where that isn't known.
	Usual(ctx context.Context, model string, duration int) (time.Duration, bool)
}

// What is what is to be done for one video of a batch.
type What string

// What there is to be done.
const (
	New     What = "new"     // there is no such job
	Resume  What = "resume"  // it failed, and a redrive goes on with it
	Running What = "running" // it is on its way
	Stored  What = "stored"  // its video is there
	Over    What = "over"    // it ended without a video, by its owner's choice or for good
)

// of says what is to be done with a job, and whether that is paid.
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

// Plan is what a file becomes. Lines that are wrong have no part in its videos.
type Plan struct {
	Lines  int // that are right
	Wrong  int // lines that are wrong
	Named  []*batchfile.Wrong
	Quotes bool // quotes are wrong in the file: what is right with its lines isn't known
	Videos map[What]int
	Models []Share // what is to be paid, by the model's name
	Total  Share
	// Usual is the sum of how long the videos to be made usually take, and Longest
	// the longest of them. TimesUnknown have no part in it.
	Usual, Longest time.Duration
	TimesUnknown   int
}

// Share is what is to be paid for some videos.
type Share struct {
	Model  string
	Videos int
	// Least and Most are the sums of what is known of their prices. Where there is no
	// bound to a video's price, Most has what it is expected to cost at least.
	Least, Most price.Micros
	Unbounded   int // videos that may cost more than they have in Most
	Unpriced    int // videos of no known price, which have no part in the sums
}

// Exact says that the videos will cost Least, no more and no less.
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

// Takes says how long the videos take of which so many are made at once, as far as is
// known.
func (p Plan) Takes(atOnce int) time.Duration {
	return max(p.Longest, p.Usual/time.Duration(max(1, atOnce)))
}

// Periods says over how many days or months the videos' price is spread, each with such a
// cap, of the first of which so much is left; 0 without a cap, and where nothing is paid.
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

// Planner plans files. Each may be nil.
type Planner struct {
	Jobs Jobs // nil: there are none
	// Each is told of each line that is right, in order.
	Each func(Planned)
}

// Make plans a file whose lines are given. Its errors are those of the lines but for
// *batchfile.Wrong, and those of the interfaces. With a *batchfile.Unusable the plan has
// the lines that were found wrong before it, and nothing else is to be made of it.
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

// making is a plan that is being made.
type making struct {
	Planner
	prices  Prices
	times   Times
	plan    Plan
	shares  map[string]*Share
	waiting []Planned // that are looked up next
	ids     []string  // of those
}

// add takes a line, and looks up those that wait where they are enough.
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

// flush plans the lines that wait.
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
