package chaos

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

	"github.com/takeup/takeup/internal/video"
)

// maxUsdPerDay is where SubmitFunction finds the day's cap.
const maxUsdPerDay = "MAX_USD_PER_DAY"

// raised is how often the day's cap is raised while jobs wait for it.
const raised = 20 * time.Second

// meet raises the day's cap while jobs wait for it, until ctx is over, and has them tried
// again then, as an operator does.
func (d *driver) meet(ctx context.Context) error {
	usd := d.world.caps.step
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
		usd += d.world.caps.step
		d.world.account.raise(usd)
		if err := d.setCap(ctx, usd); err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return fmt.Errorf("raising the day's cap: %w", err)
		}
		d.world.plan.note("event", "the day's cap raised", "")
		for _, j := range waiting {
			_, _, _ = d.world.call(ctx, http.MethodPost, "/videos/"+j.id+"/retry") // what waits is found again
		}
	}
}

// wake stops the executions that sleep until the next day for jobs which go on in a later
// one: a retry that met a fault may leave the one that waited.
func (d *driver) wake(ctx context.Context) error {
	machine := d.world.stack.Outputs["StateMachineArn"]
	reply, err := d.world.sfn.ListExecutions(ctx, &sfn.ListExecutionsInput{StateMachineArn: &machine, StatusFilter: sfntypes.ExecutionStatusRunning, MaxResults: 1000})
	if err != nil {
		return err
	}
	for _, e := range reply.Executions {
		id, _ := video.RedriveOf(*e.Name)
		entry, err := d.world.entry(ctx, id)
		if err != nil {
			return err
		}
		if entry == nil || entry.Execution == *e.Name || time.Since(*e.StartDate) < raised {
			continue
		}
		// It may have ended by itself meanwhile.
		if _, err := d.world.sfn.StopExecution(ctx, &sfn.StopExecutionInput{ExecutionArn: e.ExecutionArn}); err == nil {
			d.world.plan.note("event", "a superseded execution stopped", "")
		}
	}
	return nil
}

// waiting gives the jobs that wait for the day's money.
func (d *driver) waiting(ctx context.Context) []*job {
	d.mu.Lock()
	var pending []*job
	for j := range d.pending {
		pending = append(pending, j)
	}
	d.mu.Unlock()
	return slices.DeleteFunc(pending, func(j *job) bool {
		entry, err := d.world.entry(ctx, j.id)
		if err != nil || entry == nil {
			return true // it is looked at again
		}
		kind, _ := entry.Held()
		return kind != video.WaitCap || entry.FullOf != video.LimitDay
	})
}

// setCap gives SubmitFunction another cap for the day.
func (d *driver) setCap(ctx context.Context, usd int64) error {
	name := d.world.functions["SubmitFunction"]
	function, err := d.world.lambda.GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: &name})
	if err != nil {
		return err
	}
	function.Environment.Variables[maxUsdPerDay] = strconv.FormatInt(usd, 10)
	_, err = d.world.lambda.UpdateFunctionConfiguration(ctx, &lambda.UpdateFunctionConfigurationInput{
		FunctionName: &name, Environment: &types.Environment{Variables: function.Environment.Variables},
	})
	return err
}
