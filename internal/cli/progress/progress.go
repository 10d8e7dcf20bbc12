// Package progress shows how far a job is: a line for each event, and in a terminal a bar
// with an estimate of the time that remains.
package progress

import (
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"github.com/takeup/takeup/internal/api/client"
	"github.com/takeup/takeup/internal/cli/command"
	"github.com/takeup/takeup/internal/cli/term"
)

// Display tells of a job: a line for each event, and below them, in a terminal,
// a bar with an estimate of the time that is left.
type Display struct {
	out    io.Writer
	prefix string // stands before each event
	now    func() time.Time
	began  time.Time

	bars *mpb.Progress // nil where there is no bar
	bar  *mpb.Bar

	mu       sync.Mutex // the bar is drawn by a goroutine of its own
	last     string
	drawn    float64 // the bar only grows
	forecast forecast
	held     bool   // something holds the job up
	got      string // of a download that is under way
}

// forecast is what was known of a job's progress at a time. Between two looks it
// is gone on from.
type forecast struct {
	at       time.Time
	progress float64 // from 0 to 1
	left     time.Duration
}

// New begins to tell, to out. usual is how long it takes, as long as the
// API doesn't say.
func New(env *command.Env, out io.Writer, usual time.Duration) *Display {
	d := &Display{out: out, now: env.Now, began: env.Now(), last: "sending"}
	d.forecast = forecast{at: d.began, left: usual}
	if term.IsTerminal(out) && env.Getenv("TERM") != "dumb" {
		d.draw()
	}
	return d
}

// NewLines makes a Display that has a line for each event and no bar. prefix stands
// before each line.
func NewLines(env *command.Env, out io.Writer, prefix string) *Display {
	return &Display{out: out, prefix: prefix, now: env.Now, began: env.Now()}
}

// draw begins the bar. It moves with the time, not with what is told: between
// two events there is nothing else to tell.
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

// Estimate takes over what the API says of the time that is left.
func (d *Display) Estimate(e *client.Estimate) {
	if e == nil || e.LeftSeconds == nil || e.Progress == nil {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.forecast = forecast{at: d.now(), progress: *e.Progress, left: time.Duration(*e.LeftSeconds) * time.Second}
}

// Hold says whether something holds the job up: nothing is told of the time that is
// left meanwhile.
func (d *Display) Hold(held bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.held = held
}

// Downloaded tells the bar how much of a file is there.
func (d *Display) Downloaded(done, total int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.got = fmt.Sprintf("%s of %s", term.Bytes(done), term.Bytes(total))
}

// Event tells an event, once in a row.
func (d *Display) Event(word string) {
	d.mu.Lock()
	again := word == d.last
	d.last = word
	d.mu.Unlock()
	if !again {
		d.Line("%s%s  %s", d.prefix, d.elapsed(), word)
	}
}

// Line tells something else.
func (d *Display) Line(format string, args ...any) {
	to := d.out
	if d.bars != nil {
		to = d.bars // it writes above the bar
	}
	fmt.Fprintf(to, format+"\n", args...)
}

// Close takes the bar away. It can be called again.
func (d *Display) Close() {
	if d.bars == nil {
		return
	}
	d.bar.Abort(true)
	d.bars.Wait()
	d.bars = nil
}

func (d *Display) Took() time.Duration { return d.now().Sub(d.began) }

func (d *Display) elapsed() string { return fmt.Sprintf("%6.1f s", d.Took().Seconds()) }

// fraction is how much is done. It stops short of the whole: what takes longer
// isn't done.
func (d *Display) fraction() float64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.held {
		return d.drawn
	}
	o := d.forecast
	share := min(1, float64(d.now().Sub(o.at))/float64(max(o.left, 1)))
	d.drawn = max(d.drawn, min(0.97, o.progress+(1-o.progress)*share))
	return d.drawn
}

// text is what stands beside the bar.
func (d *Display) text() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	left := d.forecast.left - d.now().Sub(d.forecast.at)
	switch {
	case d.got != "":
		return d.last + ", " + d.got
	case d.held:
		return d.last
	case left < -max(5*time.Second, d.forecast.left/4): // within that it is as usual
		return d.last + ", longer than usual"
	case left < time.Second:
		return d.last + ", about to end"
	}
	return fmt.Sprintf("%s, about %s left", d.last, term.Seconds(left))
}
