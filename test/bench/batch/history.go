package batch

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
	"golang.org/x/sync/errgroup"

	"github.com/takeup/takeup/internal/batches"
)

// Work is what executions did.
type Work struct {
	Transitions int
	Invocations int // of functions
	// GBSeconds are those of the functions, by the times of their tasks on this machine, with
	// what the engine adds.
	GBSeconds float64
}

func (w *Work) add(v Work, times float64) {
	w.Transitions += int(float64(v.Transitions)*times + 0.5)
	w.Invocations += int(float64(v.Invocations)*times + 0.5)
	w.GBSeconds += v.GBSeconds * times
}

// mostHistories is how many executions of a kind are read.
const mostHistories = 400

// count counts the work of the batch: of its own executions, of the lines' and of the jobs'. Of
// many lines and jobs it reads a part, evenly distributed.
func (b *bench) count(ctx context.Context, id string, r *Report) error {
	parents, err := b.executions(ctx, &sfn.ListExecutionsInput{StateMachineArn: aws.String(b.stack.Outputs["BatchStateMachineArn"])})
	if err != nil {
		return err
	}
	var own, lines []string
	for _, e := range parents {
		if !strings.HasPrefix(*e.Name, id) {
			continue
		}
		own = append(own, *e.ExecutionArn)
		runs, err := b.machines.ListMapRuns(ctx, &sfn.ListMapRunsInput{ExecutionArn: e.ExecutionArn})
		if err != nil {
			return err
		}
		for _, run := range runs.MapRuns {
			children, err := b.executions(ctx, &sfn.ListExecutionsInput{MapRunArn: run.MapRunArn})
			if err != nil {
				return err
			}
			for _, c := range children {
				lines = append(lines, *c.ExecutionArn)
			}
		}
	}
	made, err := b.executions(ctx, &sfn.ListExecutionsInput{StateMachineArn: aws.String(b.stack.Outputs["StateMachineArn"])})
	if err != nil {
		return err
	}
	jobs := make([]string, len(made))
	for i, e := range made {
		jobs[i] = *e.ExecutionArn
	}
	for _, of := range []struct {
		arns []string
		work func([]types.HistoryEvent) (Work, error)
		to   *Work
	}{{own, b.entered, &r.Own}, {lines, b.line, &r.OfLines}, {jobs, b.entered, &r.OfJobs}} {
		if *of.to, err = b.sum(ctx, of.arns, of.work); err != nil {
			return err
		}
	}
	r.Histories = min(len(jobs), mostHistories)
	return nil
}

// executions lists all executions of a state machine, or of a Map Run.
func (b *bench) executions(ctx context.Context, in *sfn.ListExecutionsInput) (all []types.ExecutionListItem, err error) {
	in.MaxResults = 1000
	for pages := sfn.NewListExecutionsPaginator(b.machines, in); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		all = append(all, page.Executions...)
	}
	return all, nil
}

// sum returns the work of executions, scaled up from those that it reads.
func (b *bench) sum(ctx context.Context, arns []string, work func([]types.HistoryEvent) (Work, error)) (Work, error) {
	read := min(len(arns), mostHistories)
	if read == 0 {
		return Work{}, nil
	}
	var mu sync.Mutex
	var all Work
	group, working := errgroup.WithContext(ctx)
	group.SetLimit(8)
	for i := range read {
		group.Go(func() error {
			arn := arns[i*len(arns)/read]
			events, err := b.history(working, arn)
			if err != nil {
				return err
			}
			one, err := work(events)
			if err != nil {
				return fmt.Errorf("the history of %s: %w", arn, err)
			}
			mu.Lock()
			defer mu.Unlock()
			all.add(one, 1)
			return nil
		})
	}
	err := group.Wait()
	var scaled Work
	scaled.add(all, float64(len(arns))/float64(read))
	return scaled, err
}

func (b *bench) history(ctx context.Context, arn string) (all []types.HistoryEvent, err error) {
	pages := sfn.NewGetExecutionHistoryPaginator(b.machines, &sfn.GetExecutionHistoryInput{ExecutionArn: &arn, MaxResults: 1000})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		all = append(all, page.Events...)
	}
	return all, nil
}

// entered counts the work of an execution whose history has an event for each state that it
// entered. Each retry is a transition, too.
func (b *bench) entered(events []types.HistoryEvent) (w Work, err error) {
	tasks := 0
	for _, e := range events {
		switch {
		case e.StateEnteredEventDetails != nil:
			w.Transitions++
			if e.Type == types.HistoryEventTypeTaskStateEntered {
				tasks++
			}
		case e.Type == types.HistoryEventTypeTaskScheduled:
			tasks--
		}
	}
	w.Transitions -= min(tasks, 0)
	b.tasks(events, &w)
	return w, nil
}

// line counts the work of a line, whose history on MiniStack has the events of its tasks only.
// Which states it entered between them follows from what the tasks returned.
func (b *bench) line(events []types.HistoryEvent) (w Work, err error) {
	for _, e := range events {
		switch e.Type {
		case types.HistoryEventTypeTaskScheduled:
			w.Transitions++ // Line or Run
		case types.HistoryEventTypeTaskSucceeded:
			w.Transitions++ // Next?, or Done after Run
			if !isFunction(e.TaskSucceededEventDetails.Resource) {
				continue
			}
			var next batches.Next
			if err := json.Unmarshal([]byte(*e.TaskSucceededEventDetails.Output), &next); err != nil {
				return w, err
			}
			if next.Do != batches.DoRun {
				w.Transitions++ // Wait or Done
			}
		case types.HistoryEventTypeTaskFailed:
			if !isFunction(e.TaskFailedEventDetails.Resource) {
				w.Transitions++ // Visited
			}
		}
	}
	b.tasks(events, &w)
	return w, nil
}

func isFunction(resource *string) bool {
	return strings.HasPrefix(aws.ToString(resource), "arn:aws:lambda:")
}

// tasks adds the invocations of functions. The tasks of an execution follow each other.
func (b *bench) tasks(events []types.HistoryEvent, w *Work) {
	for i, e := range events[:max(0, len(events)-1)] {
		if e.Type != types.HistoryEventTypeTaskScheduled || !isFunction(e.TaskScheduledEventDetails.Resource) {
			continue
		}
		w.Invocations++
		resource := *e.TaskScheduledEventDetails.Resource
		gb := b.functions[resource[strings.LastIndex(resource, ":")+1:]].gb
		w.GBSeconds += gb * events[i+1].Timestamp.Sub(*e.Timestamp).Seconds()
	}
}
