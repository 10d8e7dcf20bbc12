package progress

import (
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"github.com/takeup/takeup/internal/cli/command"
	"github.com/takeup/takeup/internal/cli/term"
)

// Counter displays how much of something countable is done. In a terminal it draws a bar
// with a text beside it; elsewhere it prints a line for each step that the caller names.
type Counter struct {
	out   io.Writer
	now   func() time.Time
	began time.Time

	bars *mpb.Progress // nil without a bar
	bar  *mpb.Bar
	last string // the step that was printed last

	mu    sync.Mutex // the bar is drawn by another goroutine
	share float64
	text  string
}

// NewCounter returns a Counter that prints to out.
func NewCounter(env *command.Env, out io.Writer) *Counter {
	c := &Counter{out: out, now: env.Now, began: env.Now()}
	if term.IsTerminal(out) && env.Getenv("TERM") != "dumb" {
		c.draw()
	}
	return c
}

func (c *Counter) draw(options ...mpb.ContainerOption) {
	c.bars = mpb.New(append([]mpb.ContainerOption{mpb.WithOutput(c.out), mpb.WithWidth(40)}, options...)...)
	c.bar = c.bars.AddBar(1000,
		mpb.BarFillerMiddleware(func(filler mpb.BarFiller) mpb.BarFiller {
			return mpb.BarFillerFunc(func(w io.Writer, s decor.Statistics) error {
				c.mu.Lock()
				s.Current = int64(1000 * c.share)
				c.mu.Unlock()
				return filler.Fill(w, s)
			})
		}),
		mpb.AppendDecorators(decor.Any(func(decor.Statistics) string {
			c.mu.Lock()
			defer c.mu.Unlock()
			return c.text
		})))
}

// Show displays that a share from 0 to 1 is done. Without a bar it prints the text if the
// step is another than before.
func (c *Counter) Show(share float64, step, text string) {
	c.mu.Lock()
	c.share, c.text = min(1, max(0, share)), text
	c.mu.Unlock()
	if c.bars == nil && step != c.last {
		c.Line("%s", text)
	}
	c.last = step
}

// Line prints a line of its own, with the time since the beginning.
func (c *Counter) Line(format string, args ...any) {
	to := c.out
	if c.bars != nil {
		to = c.bars // it writes above the bar
	}
	fmt.Fprintf(to, "%6.1f s  %s\n", c.Took().Seconds(), fmt.Sprintf(format, args...))
}

// Took returns the time since the Counter was created.
func (c *Counter) Took() time.Duration { return c.now().Sub(c.began) }

// Close removes the bar. It may be called repeatedly.
func (c *Counter) Close() {
	if c.bars == nil {
		return
	}
	c.bar.Abort(true)
	c.bars.Wait()
	c.bars = nil
}
