package cli

import (
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"github.com/takeup/takeup/internal/api/client"
)

// display tells of a job: a line for each event, and below them, in a terminal,
// a bar with an estimate of the time that is left.
type display struct {
	out   io.Writer
	about string // stands before each event
	now   func() time.Time
	began time.Time

	bars *mpb.Progress // nil where there is no bar
	bar  *mpb.Bar

	mu      sync.Mutex // the bar is drawn by a goroutine of its own
	last    string
	drawn   float64 // the bar only grows
	outlook outlook
	held    bool   // something holds the job up
	got     string // of a download that is under way
}

// outlook is what was known of a job's progress at a time. Between two looks it
// is gone on from.
type outlook struct {
	at       time.Time
	progress float64 // from 0 to 1
	left     time.Duration
}

// newDisplay begins to tell, to out. usual is how long it takes, as long as the
// API doesn't say.
func newDisplay(w *world, out io.Writer, usual time.Duration) *display {
	d := &display{out: out, now: w.now, began: w.now(), last: "sending"}
	d.outlook = outlook{at: d.began, left: usual}
	if isTerminal(out) && w.getenv("TERM") != "dumb" {
		d.draw()
	}
	return d
}

// newLines makes a Display that has a line for each event and no bar. prefix stands
// before each line.
func newLines(w *world, out io.Writer, prefix string) *display {
	return &display{out: out, about: prefix, now: w.now, began: w.now()}
}

// draw begins the bar. It moves with the time, not with what is told: between
// two events there is nothing else to tell.
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
		mpb.AppendDecorators(decor.Any(func(decor.Statistics) string { return d.text() })))
}

// estimate takes over what the API says of the time that is left.
func (d *display) estimate(e *client.Estimate) {
	if e == nil || e.LeftSeconds == nil || e.Progress == nil {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.outlook = outlook{at: d.now(), progress: *e.Progress, left: time.Duration(*e.LeftSeconds) * time.Second}
}

// hold says whether something holds the job up: nothing is told of the time that is
// left meanwhile.
func (d *display) hold(held bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.held = held
}

// downloaded tells the bar how much of a file is there.
func (d *display) downloaded(done, total int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.got = fmt.Sprintf("%s of %s", bytesText(done), bytesText(total))
}

// event tells an event, once in a row.
func (d *display) event(word string) {
	d.mu.Lock()
	again := word == d.last
	d.last = word
	d.mu.Unlock()
	if !again {
		d.line("%s%s  %s", d.about, d.elapsed(), word)
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

func (d *display) took() time.Duration { return d.now().Sub(d.began) }

func (d *display) elapsed() string { return fmt.Sprintf("%6.1f s", d.took().Seconds()) }

// fraction is how much is done. It stops short of the whole: what takes longer
// isn't done.
func (d *display) fraction() float64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.held {
		return d.drawn
	}
	o := d.outlook
	share := min(1, float64(d.now().Sub(o.at))/float64(max(o.left, 1)))
	d.drawn = max(d.drawn, min(0.97, o.progress+(1-o.progress)*share))
	return d.drawn
}

// text is what stands beside the bar.
func (d *display) text() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	left := d.outlook.left - d.now().Sub(d.outlook.at)
	switch {
	case d.got != "":
		return d.last + ", " + d.got
	case d.held:
		return d.last
	case left < -max(5*time.Second, d.outlook.left/4): // within that it is as usual
		return d.last + ", longer than usual"
	case left < time.Second:
		return d.last + ", about to end"
	}
	return fmt.Sprintf("%s, about %s left", d.last, secondsText(left))
}
