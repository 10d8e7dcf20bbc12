// Package progress displays the progress of a job: a line for each event, and in a terminal a
// bar with an estimate of the remaining time.
package progress

import (
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/cli/command"
	"github.com/takeup/takeup/internal/cli/term"
)

// Display prints a line for each event of a job. In a terminal, a bar with an estimate of the
// remaining time is below them.
type Display struct {
	out    io.Writer
	prefix string // in front of each event
	now    func() time.Time
	began  time.Time

	bars *mpb.Progress // nil without a bar
	bar  *mpb.Bar

	mu       sync.Mutex // the bar is drawn by another goroutine
	last     string
	drawn    float64 // the bar never shrinks
	forecast forecast
	held     bool   // whether the job is held up
	got      string // state of a running download
}

// forecast is the estimate of a job's progress at a time. It is extrapolated between two polls.
type forecast struct {
	at        time.Time
	progress  float64 // from 0 to 1
	remaining time.Duration
}

// New returns a Display that prints to out. usual is the expected time until the API has an
// estimate.
func New(env *command.Env, out io.Writer, usual time.Duration) *Display {
	d := &Display{out: out, now: env.Now, began: env.Now(), last: "sending"}
	d.forecast = forecast{at: d.began, remaining: usual}
	if term.IsTerminal(out) && env.Getenv("TERM") != "dumb" {
		d.draw()
	}
	return d
}

// NewLines returns a Display without a bar. Each line begins with prefix.
func NewLines(env *command.Env, out io.Writer, prefix string) *Display {
	return &Display{out: out, prefix: prefix, now: env.Now, began: env.Now()}
}

// draw starts the bar. The bar moves with the time, since there is no other progress between two
// events.
func (d *Display) draw(options ...mpb.ContainerOption) {
	d.bars = mpb.New(append([]mpb.ContainerOption{mpb.WithOutput(d.out), mpb.WithWidth(40)}, options...)...)
	d.bar = d.bars.AddBar(1000,
		mpb.BarFillerMiddleware(func(filler mpb.BarFiller) mpb.BarFiller {
			return mpb.BarFillerFunc(func(w io.Writer, s decor.Statistics) error {
				s.Current = int64(1000 * d.fraction())
				return filler.Fill(w, s)
			})
		}),
		mpb.PrependDecorators(decor.Any(func(decor.Statistics) string { return d.elapsed() })),
		mpb.AppendDecorators(decor.Any(func(decor.Statistics) string { return d.text() })))
}

// Estimate updates the forecast with the API's estimate.
func (d *Display) Estimate(e *api.Estimate) {
	if e == nil || e.LeftSeconds == nil || e.Progress == nil {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.forecast = forecast{at: d.now(), progress: *e.Progress, remaining: time.Duration(*e.LeftSeconds) * time.Second}
}

// Hold sets whether the job is held up. While it is, the bar stands still and shows no remaining
// time.
func (d *Display) Hold(held bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.held = held
}

// Downloaded shows how much of a file has been downloaded.
func (d *Display) Downloaded(done, total int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.got = fmt.Sprintf("%s of %s", term.Bytes(done), term.Bytes(total))
}

// Event prints an event, unless it equals the last one.
func (d *Display) Event(word string) {
	d.mu.Lock()
	again := word == d.last
	d.last = word
	d.mu.Unlock()
	if !again {
		d.Line("%s%s  %s", d.prefix, d.elapsed(), word)
	}
}

// Line prints a line of its own.
func (d *Display) Line(format string, args ...any) {
	to := d.out
	if d.bars != nil {
		to = d.bars // it writes above the bar
	}
	fmt.Fprintf(to, format+"\n", args...)
}

// Close removes the bar. It may be called repeatedly.
func (d *Display) Close() {
	if d.bars == nil {
		return
	}
	d.bar.Abort(true)
	d.bars.Wait()
	d.bars = nil
}

// Took returns the time since the display was created.
func (d *Display) Took() time.Duration { return d.now().Sub(d.began) }

func (d *Display) elapsed() string { return fmt.Sprintf("%6.1f s", d.Took().Seconds()) }

// fraction returns the filled part of the bar. It stays below 1 for a job that takes longer than
// expected.
func (d *Display) fraction() float64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.held {
		return d.drawn
	}
	o := d.forecast
	share := min(1, float64(d.now().Sub(o.at))/float64(max(o.remaining, 1)))
	d.drawn = max(d.drawn, min(0.97, o.progress+(1-o.progress)*share))
	return d.drawn
}

// text returns the text beside the bar.
func (d *Display) text() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	remaining := d.forecast.remaining - d.now().Sub(d.forecast.at)
	switch {
	case d.got != "":
		return d.last + ", " + d.got
	case d.held:
		return d.last
	case remaining < -max(5*time.Second, d.forecast.remaining/4): // a small delay is not mentioned
		return d.last + ", longer than usual"
	case remaining < time.Second:
		return d.last + ", almost done"
	}
	return fmt.Sprintf("%s, about %s left", d.last, term.Seconds(remaining))
}
