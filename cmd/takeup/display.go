package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/vbauerster/cupwriter"
	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
)

// display tells of a job: a line for each state, and below them, in a terminal,
// a bar with an estimate of the time that is left.
type display struct {
	out    io.Writer
	now    func() time.Time
	began  time.Time
	expect time.Duration

	bars *mpb.Progress // nil where there is no bar
	bar  *mpb.Bar

	mu   sync.Mutex // the bar is drawn by a goroutine of its own
	last string
}

func newDisplay(w *world, expect time.Duration) *display {
	d := &display{out: w.out, now: w.now, began: w.now(), expect: expect, last: "sending"}
	if isTerminal(w.out) {
		d.draw()
	}
	return d
}

// draw begins the bar. It moves with the time, not with what is told: between
// two states there is nothing else to tell.
func (d *display) draw(options ...mpb.ContainerOption) {
	d.bars = mpb.New(append([]mpb.ContainerOption{mpb.WithOutput(d.out), mpb.WithWidth(40)}, options...)...)
	d.bar = d.bars.AddBar(1000,
		mpb.BarFillerMiddleware(func(filler mpb.BarFiller) mpb.BarFiller {
			return mpb.BarFillerFunc(func(w io.Writer, s decor.Statistics) error {
				s.Current = int64(1000 * d.fraction())
				return filler.Fill(w, s)
			})
		}),
		mpb.PrependDecorators(decor.Any(func(decor.Statistics) string { return d.elapsed() })),
		mpb.AppendDecorators(decor.Any(func(decor.Statistics) string { return d.estimate() })))
}

// state tells a state, once.
func (d *display) state(word string) {
	d.mu.Lock()
	again := word == d.last
	d.last = word
	d.mu.Unlock()
	if !again {
		d.line("%s  %s", d.elapsed(), word)
	}
}

// line tells something else.
func (d *display) line(format string, args ...any) {
	to := d.out
	if d.bars != nil {
		to = d.bars // it writes above the bar
	}
	fmt.Fprintf(to, format+"\n", args...)
}

// close takes the bar away. It can be called again.
func (d *display) close() {
	if d.bars == nil {
		return
	}
	d.bar.Abort(true)
	d.bars.Wait()
	d.bars = nil
}

func (d *display) elapsed() string {
	return fmt.Sprintf("%6.1f s", d.now().Sub(d.began).Seconds())
}

// fraction is how much of the expected time is over. It stops short of the
// whole: what takes longer isn't done.
func (d *display) fraction() float64 {
	return min(0.97, float64(d.now().Sub(d.began))/float64(max(d.expect, 1)))
}

func (d *display) estimate() string {
	d.mu.Lock()
	word := d.last
	d.mu.Unlock()
	left := d.expect - d.now().Sub(d.began)
	if left < time.Second {
		return word + ", longer than usual"
	}
	return fmt.Sprintf("%s, about %d s left", word, int(left.Seconds()))
}

// isTerminal reports whether a person sees what is written.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && cupwriter.New(f, false).IsTerminal()
}
