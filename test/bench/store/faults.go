package store

import (
	"context"
	"errors"
	"time"

	"github.com/takeup/takeup/test/bench/store/gateway"
	"github.com/takeup/takeup/test/bench/store/gauge"
	"github.com/takeup/takeup/test/bench/store/source"
)

// outcome is the result of a tool with a faulty source, in a word for the table.
type outcome string

// The outcomes. One in capitals leaves the user with a broken video.
const (
	right   outcome = "right"   // the video is stored, exit 0
	refused outcome = "refused" // an error, and nothing is stored
	wrong   outcome = "WRONG"   // exit 0, and something else or nothing is stored
	left    outcome = "LEFT"    // an error, and something other than the video is stored
	denied  outcome = "denied"  // an error, though the whole video is stored
	hung    outcome = "hung"    // still running after faultLimit
)

// judge returns the outcome of a run.
func judge(u gauge.Usage, c gateway.Content) outcome {
	switch {
	case u.Hung && c != gateway.Other:
		return hung
	case u.Exit == 0 && c == gateway.Whole:
		return right
	case u.Exit == 0:
		return wrong
	case c == gateway.Other:
		return left
	case c == gateway.Whole:
		return denied
	}
	return refused
}

const (
	// faultMiB is the size of the video that is served with a fault.
	faultMiB = 64
	// faultLimit is how long a tool may try. A peer that gives up on a stalled source and
	// restarts twice has ended by then.
	faultLimit = 75 * time.Second
)

// faultRow is a fault and the best possible outcomes.
type faultRow struct {
	title string
	offer source.Offer
	want  outcome
	// videos are those that are right to store.
	videos []*source.Video
}

// faulty is a faultRow with the outcomes, by the tools' names.
type faulty struct {
	fault    faultRow
	outcomes map[string]outcome
}

// faults returns the sources that misbehave.
func faults() ([]faultRow, error) {
	video, err := source.NewVideo("bench", faultMiB*mib)
	if err != nil {
		return nil, err
	}
	other, err := source.NewVideo("other", faultMiB*mib)
	if err != nil {
		return nil, err
	}
	rows := []faultRow{
		{title: "cut at half of the Content-Length, no ranges", want: refused, offer: source.Offer{Fault: source.Fault{Plain: true, CutAfter: faultMiB * mib / 2}}},
		{title: "cut at half, no Content-Length, no ranges", want: refused, offer: source.Offer{Fault: source.Fault{Plain: true, Unsized: true, CutAfter: faultMiB * mib / 2}}},
		{title: "every response cut after 1 MiB", want: right, offer: source.Offer{Fault: source.Fault{CutAfter: mib}}},
		{title: "every response cut after 12 MiB", want: right, offer: source.Offer{Fault: source.Fault{CutAfter: 12 * mib}}},
		{title: "stalls at one byte", want: right, offer: source.Offer{Fault: source.Fault{StallAt: 37*mib + 12345}}},
		{title: "cut after 12 MiB, then another file and ETag", want: right, offer: source.Offer{Fault: source.Fault{CutAfter: 12 * mib, Becomes: other}}},
		{title: "Content-Length and body 1 MiB too short", want: refused, offer: source.Offer{Fault: source.Fault{Short: mib}}},
	}
	for i := range rows {
		rows[i].offer.Video, rows[i].videos = video, []*source.Video{video}
		if becomes := rows[i].offer.Fault.Becomes; becomes != nil {
			rows[i].videos = append(rows[i].videos, becomes)
		}
	}
	return rows, nil
}

// tryAll has every tool store from every source that misbehaves.
func (b *bench) tryAll(ctx context.Context) (_ []faulty, err error) {
	front, err := b.gateway.Front()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, front.Close()) }()
	rows, err := faults()
	if err != nil {
		return nil, err
	}
	var all []faulty
	for _, f := range rows {
		outcomes, err := b.try(ctx, front, f)
		if err != nil {
			return nil, err
		}
		all = append(all, faulty{fault: f, outcomes: outcomes})
	}
	return all, nil
}

// try has every tool store from one source that misbehaves, all side by side, since they aren't
// timed.
func (b *bench) try(ctx context.Context, front *gateway.Front, f faultRow) (map[string]outcome, error) {
	b.say("source: %s", f.title)
	all, err := sideBySide(ctx, b.tools, 0, func(ctx context.Context, t tool) (outcome, error) {
		r, err := b.store(ctx, t, front.URL, f.offer, faultLimit, f.videos...)
		if err != nil {
			return "", err
		}
		got := judge(r.usage, r.content)
		b.say("source: %s: %s: %s (exit %d, %.0f s, %d requests; %s)", f.title, t.name, got, r.usage.Exit, r.usage.Wall.Seconds(), r.requests, r.log)
		return got, nil
	})
	if err != nil {
		return nil, err
	}
	outcomes := map[string]outcome{}
	for i, t := range b.tools {
		outcomes[t.name] = all[i]
	}
	return outcomes, nil
}
