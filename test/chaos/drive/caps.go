package drive

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	sfntypes "github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/budget"
	"github.com/takeup/takeup/internal/video"
	"github.com/takeup/takeup/internal/video/execname"
	"github.com/takeup/takeup/internal/video/report"
	"github.com/takeup/takeup/test/chaos/world"
)

// maxUsdPerDay is the variable of SubmitFunction with the day's cap.
const maxUsdPerDay = "MAX_USD_PER_DAY"

// raised is the interval at which the day's cap is raised while jobs wait for it.
const raised = 20 * time.Second

// Meet raises the day's cap while jobs wait for it and retries those jobs, as an operator does,
// until ctx is over.
func (d *Driver) Meet(ctx context.Context) error {
	usd := d.World.Caps.Step
	tick := time.NewTicker(raised)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		if err := d.wake(ctx); err != nil && ctx.Err() == nil {
			return fmt.Errorf("stopping what sleeps: %w", err)
		}
		waiting := d.waiting(ctx)
		if len(waiting) == 0 {
			continue
		}
		usd += d.World.Caps.Step
		d.World.Account.Raise(usd)
		if err := d.setCap(ctx, usd); err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return fmt.Errorf("raising the day's cap: %w", err)
		}
		d.World.Plan.Note("event", "the day's cap raised", "")
		for _, j := range waiting {
			_, _, _ = d.World.Call(ctx, http.MethodPost, api.PathOf(api.RetryPath, j.ID)) // a job that still waits is found again
		}
	}
}

// wake stops the executions that sleep until the next day for jobs that were cancelled with their
// batch, or that another execution continues: a retry that met a fault may leave the old one
// running.
func (d *Driver) wake(ctx context.Context) error {
	machine := d.World.Stack.Outputs["StateMachineArn"]
	reply, err := d.World.StepFunctions.ListExecutions(ctx, &sfn.ListExecutionsInput{StateMachineArn: &machine, StatusFilter: sfntypes.ExecutionStatusRunning, MaxResults: 1000})
	if err != nil {
		return err
	}
	for _, e := range reply.Executions {
		id, _ := execname.RedriveOf(*e.Name)
		entry, err := d.World.Entry(ctx, id)
		if err != nil {
			return err
		}
		cancelled := entry != nil && entry.State() == video.StateCancelled
		if entry == nil || entry.Execution == *e.Name && !cancelled || time.Since(*e.StartDate) < raised {
			continue
		}
		// It may have ended in the meantime.
		if _, err := d.World.StepFunctions.StopExecution(ctx, &sfn.StopExecutionInput{ExecutionArn: e.ExecutionArn}); err == nil {
			d.World.Plan.Note("event", "a sleeping execution stopped", "")
		}
	}
	return nil
}

// waiting returns the jobs that wait for the day's money.
func (d *Driver) waiting(ctx context.Context) []*world.Job {
	d.mu.Lock()
	var pending []*world.Job
	for j := range d.pending {
		pending = append(pending, j)
	}
	d.mu.Unlock()
	return slices.DeleteFunc(pending, func(j *world.Job) bool {
		entry, err := d.World.Entry(ctx, j.ID)
		if err != nil || entry == nil {
			return true // it is read again
		}
		kind, _ := entry.Held()
		return kind != report.WaitCap || entry.FullOf != budget.LimitDay
	})
}

// setCap sets SubmitFunction's cap for the day.
func (d *Driver) setCap(ctx context.Context, usd int64) error {
	name := d.World.Functions["SubmitFunction"]
	function, err := d.World.Lambda.GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: &name})
	if err != nil {
		return err
	}
	function.Environment.Variables[maxUsdPerDay] = strconv.FormatInt(usd, 10)
	_, err = d.World.Lambda.UpdateFunctionConfiguration(ctx, &lambda.UpdateFunctionConfigurationInput{
		FunctionName: &name, Environment: &types.Environment{Variables: function.Environment.Variables},
	})
	return err
}
