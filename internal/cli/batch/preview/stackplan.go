package preview

import (
	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/batch"
	"github.com/takeup/takeup/internal/batch/batchfile"
	"github.com/takeup/takeup/internal/cli/money"
)

// Of returns the plan of a batch as it is printed.
func Of(got api.Batch, caps api.Caps) (*Plan, error) {
	p := got.Plan
	r := &Plan{
		Batch: got.Name, Lines: lineCounts{Right: p.Lines, Wrong: p.Wrong}, AtOnce: got.AtOnce, Quotes: p.Quotes, Planned: []plannedLine{},
		Videos: map[batch.What]int{
			batch.New: p.Videos.New, batch.Resume: p.Videos.Resume, batch.Running: p.Videos.Running, batch.Stored: p.Videos.Stored, batch.Over: p.Videos.Over,
		},
		Total: shareFrom(p.Total), Seconds: p.Seconds,
	}
	for _, m := range p.Models {
		r.Models = append(r.Models, shareFrom(m))
	}
	for _, w := range p.WrongLines {
		r.Wrong = append(r.Wrong, &batchfile.Wrong{Number: w.Line, Row: w.Row, Fields: w.Fields})
	}
	most, err := money.Parse(p.Total.MostUSD)
	if err != nil {
		return nil, err
	}
	r.plan.Total = batch.Share{Videos: p.Total.Videos, Most: most}
	err = r.below(caps)
	r.AtOnce = got.AtOnce // which Seconds is for
	return r, err
}

// Dearer reports whether a plan may cost more than another, as far as is known.
func (r *Plan) Dearer(than *Plan) bool {
	return money.Micros(r.Total.MostUSD) > money.Micros(than.Total.MostUSD) || r.Total.Unbounded+r.Total.Unpriced > than.Total.Unbounded+than.Total.Unpriced
}

func shareFrom(p api.BatchPrice) share {
	return share{
		Model: p.Model, Videos: p.Videos, USD: p.USD, MostUSD: p.MostUSD, Unbounded: p.Unbounded, Unpriced: p.Unpriced,
		Exact: p.Unbounded == 0 && p.Unpriced == 0 && p.USD == p.MostUSD,
	}
}

// Cost formats the cost of some of a batch's videos.
func Cost(p api.BatchPrice) string { return shareText(shareFrom(p)) }
