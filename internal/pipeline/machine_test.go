package pipeline_test

import (
	"context"
	"encoding/json"
	"time"

	"github.com/takeup/takeup/internal/pipeline"
	"github.com/takeup/takeup/internal/video"
)

// invoke runs a step as Lambda does: a crash is an error of the platform.
func invoke[In any](ctx context.Context, step func(context.Context, In) (video.Job, error), in In) (job video.Job, err error) {
	defer func() {
		if r := recover(); r != nil {
			if _, ok := r.(crashed); !ok {
				panic(r)
			}
			job, err = video.Job{}, crash{}
		}
	}()
	job, err = step(ctx, in)
	return job, video.OutcomeOf(err)
}

// machine runs an execution to its end, as the ASL has it: it gives the name of
// the outcome, or "stored".
func (s *stage) machine(ctx context.Context, execution string, input json.RawMessage) string {
	submit, check, store := s.steps()
	state := "Submit"
	var job video.Job
	for {
		var err error
		switch state {
		case "Submit":
			job, err = s.retried(func() (video.Job, error) {
				return invoke(ctx, submit.Run, pipeline.Task{Execution: execution, Input: input})
			})
		case "Check":
			job, err = s.retried(func() (video.Job, error) { return invoke(ctx, check.Run, job) })
		case "Store":
			job, err = s.retried(func() (video.Job, error) { return invoke(ctx, store.Run, job) })
		}
		if s.stopped {
			return "stopped"
		}
		if err != nil {
			return video.OutcomeName(err)
		}
		switch job.Status {
		case video.Stored:
			return "stored"
		case video.Completed:
			state = "Store"
			continue
		case video.Generating:
			state = "Check"
		}
		time.Sleep(time.Duration(job.WaitSeconds) * time.Second)
		if input, err = json.Marshal(job); err != nil {
			panic(err)
		}
	}
}

// retried tries a task again as the ASL's Retry does, for long enough to outlast
// every plan, unless the execution was stopped.
func (s *stage) retried(task func() (video.Job, error)) (video.Job, error) {
	for wait := 2 * time.Second; ; wait = min(2*wait, time.Minute) {
		job, err := task()
		if s.stopped {
			return job, err
		}
		switch err.(type) {
		case crash, *video.ServiceUnavailable, *video.VideoUnavailable:
			time.Sleep(wait)
		default:
			return job, err
		}
	}
}
