package batches

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/takeup/takeup/internal/batch"
	"github.com/takeup/takeup/internal/batches/runfiles"
	"github.com/takeup/takeup/internal/jobs"
	"github.com/takeup/takeup/internal/price"
	"github.com/takeup/takeup/internal/video"
)

// Lines looks after the jobs of batches.
type Lines interface {
	// Line creates the job if there is none, and says what to do next.
	Line(ctx context.Context, id string, r video.Request, from video.Origin, visited bool) (jobs.Next, error)
}

// Engine has the steps of the batches' state machine. Each can be entered again.
type Engine struct {
	Table  Table
	Items  runfiles.Items
	Lines  Lines
	Files  runfiles.Store
	Prices batch.Prices
	Times  batch.Times
	// MaxUnattended is the highest price at which a file that was put into the bucket runs by
	// itself.
	MaxUnattended price.Micros
	// Ceiling is how many videos the stack makes at once; 0 is no limit.
	Ceiling int
	Now     func() time.Time
	// Jitter returns a random part of a duration.
	Jitter func(time.Duration) time.Duration
	Log    *slog.Logger
}

// Step is a step of the state machine.
type Step string

// The steps.
const (
	StepPlan   Step = "plan"
	StepLine   Step = "line"
	StepReport Step = "report"
)

// Task is the input of a step.
type Task struct {
	Step Step `json:"step"`
	Input
	// Of a line: the video, and whether its execution was started before.
	Item    runfiles.Item `json:"item,omitzero"`
	Visited bool          `json:"visited,omitempty"`
}

// BadTask says that a payload is no task. It can't be retried.
type BadTask struct{ Reason string }

func (e *BadTask) Error() string { return "this is no step of a batch: " + e.Reason }

// Handle is the Lambda handler of the steps. It returns a Planned, a Next or a Report.
func (e *Engine) Handle(ctx context.Context, task Task) (any, error) {
	began := e.Now()
	out, err := e.step(ctx, task)
	attributes := []any{"step", task.Step, "batch", task.Batch, "run", task.Run, "elapsed_ms", e.Now().Sub(began).Milliseconds()}
	if task.Item.ID != "" {
		attributes = append(attributes, "job", task.Item.ID)
	}
	if said, ok := out.(slog.LogValuer); ok && err == nil {
		attributes = append(attributes, "did", said)
	}
	if err != nil {
		e.Log.ErrorContext(ctx, "batch", append(attributes, "error", err.Error())...)
		return nil, err
	}
	e.Log.InfoContext(ctx, "batch", attributes...)
	return out, nil
}

func (e *Engine) step(ctx context.Context, task Task) (any, error) {
	switch {
	case !video.ValidID(task.Batch) || task.Run < 1:
		return nil, &BadTask{Reason: fmt.Sprintf("it is of run %d of batch %.100q", task.Run, task.Batch)}
	case task.Step == StepPlan:
		return e.plan(ctx, task.Input)
	case task.Step == StepLine:
		return e.line(ctx, task)
	case task.Step == StepReport:
		return e.report(ctx, task.Input)
	}
	return nil, &BadTask{Reason: fmt.Sprintf("the step is %.20q", task.Step)}
}
