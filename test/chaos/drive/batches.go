package drive

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/api/client"
	"github.com/takeup/takeup/internal/batch/batchfile"
	"github.com/takeup/takeup/internal/batch/record"
	"github.com/takeup/takeup/internal/wait"
	"github.com/takeup/takeup/test/chaos/carrier"
	"github.com/takeup/takeup/test/chaos/world"
)

// lead is what its owner does about a batch until it has ended.
type lead struct {
	*Driver
	*world.Batch
	cancel bool // it is to be cancelled
	before int  // its last run before this stage, which is to begin another; -1: there was none
	began  time.Time
}

// The times of a batch's owner.
const (
	glance   = 300 * time.Millisecond // between two looks at a batch
	patience = 8 * time.Second        // with a file that doesn't arrive, or a run that doesn't begin
	// longestCancel is the latest time after the beginning of a run at which it is cancelled.
	longestCancel = 8 * time.Second
)

// sendBatch sends a batch's file, and sees to it that the batch ends.
func (d *Driver) sendBatch(ctx context.Context, b *world.Batch) {
	d.World.Names.Add(b.ID, b.Name)
	for _, j := range b.Jobs {
		j.Began = time.Now()
		d.name(j, j.ID)
		d.arm(ctx, j)
		d.follow(j, true)
	}
	d.armBatch(ctx, b, 0)
	l := &lead{Driver: d, Batch: b, cancel: b.Cancelled, before: -1}
	err := l.upload(ctx)
	if err == nil && d.World.Plan.Roll("sent twice", b.Name) < 0.3 {
		d.World.Plan.Note("event", "a batch's file uploaded twice", b.Name)
		err = l.upload(ctx)
	}
	if err == nil {
		err = l.toTheEnd(ctx)
	}
	d.rest(ctx, b, err)
}

// rest ends the batch's part in a stage of the run.
func (d *Driver) rest(ctx context.Context, b *world.Batch, err error) {
	if err != nil && ctx.Err() == nil {
		d.World.Unexpected("batch %s: %v", b.Name, err)
	}
	b.Resting.Store(true)
}

// RunAgain runs the batches once more: they are started, or their files are uploaded again. Events
// that were held back are delivered. Jobs without a video are resumed, and no others change. A
// batch that was cancelled for good stays so.
func (d *Driver) RunAgain(ctx context.Context) error {
	ctx, stop := context.WithTimeout(ctx, d.World.Options.Limit(len(d.World.Jobs)))
	defer stop()
	var running sync.WaitGroup
	for _, b := range d.World.Batches {
		last, err := d.World.RunOf(ctx, b)
		if err != nil {
			return err
		}
		d.Files.Release(ctx, b.Name)
		if b.Cancelled && !b.Resumed {
			continue
		}
		b.Resting.Store(false)
		for _, j := range b.Jobs {
			if last := j.Last(); last == nil || last.Unbegun || last.CanRedrive() {
				d.again(ctx, j)
				d.follow(j, false)
			}
		}
		d.armBatch(ctx, b, 1)
		running.Go(func() {
			l := &lead{Driver: d, Batch: b, before: last.Run}
			var err error
			if b.Resumed || d.World.Plan.Roll("run again", b.Name) < 0.5 {
				d.World.Plan.Note("event", "a batch started again", b.Name)
				err = l.start(ctx)
			} else {
				d.World.Plan.Note("event", "a batch's file uploaded again", b.Name)
				err = l.upload(ctx)
			}
			if err == nil {
				err = l.toTheEnd(ctx)
			}
			d.rest(ctx, b, err)
		})
	}
	running.Wait()
	return d.awaitEnds(ctx)
}

// toTheEnd looks at a batch until no run of it is under way or to come. It sends a file again
// that doesn't arrive, starts what is planned and what died, and cancels the batch if it is to be.
func (l *lead) toTheEnd(ctx context.Context) error {
	since, last := time.Now(), record.Batch{}
	for {
		if err := wait.For(ctx, glance); err != nil {
			return err
		}
		b, err := l.World.RunOf(ctx, l.Batch)
		if err != nil {
			return err
		}
		if b.State != last.State || b.Run != last.Run {
			since, last = time.Now(), b
		}
		running, err := l.runs(ctx, b)
		if err != nil {
			return err
		}
		late := time.Since(since) > patience && l.Files.Idle(l.Name)
		switch b.State {
		case record.Unusable:
			return fmt.Errorf("its file can't be used: %s", b.Reason)
		case "", record.Uploading:
			if late {
				since = time.Now()
				err = l.remind(ctx)
			}
		case record.Planned:
			if l.cancel && l.World.Plan.Roll("cancelled when planned", l.Name) < 0.2 {
				err = l.end(ctx)
			} else {
				err = l.start(ctx)
			}
		case record.Planning, record.Running:
			if l.began.IsZero() && b.State == record.Running {
				l.began = time.Now()
			}
			switch {
			case l.cancel && b.State == record.Running && time.Since(l.began) > l.cancelledAfter():
				err = l.end(ctx)
			case !running && time.Since(since) > time.Second && (late || b.Run > 0 && l.died(ctx, b)):
				l.World.Plan.Note("event", "a batch whose run died started again", l.Name)
				err = l.start(ctx)
			}
		case record.Ended, record.Cancelled:
			switch {
			case l.cancel:
				err = l.end(ctx) // there may be nothing left to cancel
			case b.Run <= l.before && late:
				since = time.Now()
				err = l.remind(ctx)
			case b.Run > l.before && !running && l.Files.Idle(l.Name):
				return nil
			}
		}
		if err != nil {
			return err
		}
	}
}

// runs reports whether the execution of a batch's run is running.
func (l *lead) runs(ctx context.Context, b record.Batch) (bool, error) {
	if b.Run == 0 {
		return false, nil
	}
	e, err := l.World.DescribeRun(ctx, b.Execution())
	return err == nil && e != nil && e.Status == types.ExecutionStatusRunning, err
}

// died reports whether there was an execution of a batch's run.
func (l *lead) died(ctx context.Context, b record.Batch) bool {
	e, err := l.World.DescribeRun(ctx, b.Execution())
	return err == nil && e != nil
}

// cancelledAfter returns when it is cancelled, from the beginning of its run.
func (l *lead) cancelledAfter() time.Duration {
	return time.Duration(l.World.Plan.Roll("cancelled after", l.Name) * float64(longestCancel))
}

// remind sends a file again, or the event of its last version.
func (l *lead) remind(ctx context.Context) error {
	if key := l.Files.Last(l.Name); key != "" && l.World.Plan.Roll("reminded", l.Name) < 0.5 {
		l.World.Plan.Note("event", "the event of a batch's file delivered by hand", l.Name)
		return world.Persist(ctx, func() error { return carrier.Invoke(ctx, l.World.Lambda, l.World.Functions[world.Prompts], key) })
	}
	l.World.Plan.Note("event", "a batch's file uploaded again, since it did not arrive", l.Name)
	return l.upload(ctx)
}

// upload uploads its file, by a form of the API or by hand.
func (l *lead) upload(ctx context.Context) error {
	file, err := l.File()
	if err != nil {
		return err
	}
	if l.Form {
		return l.sendForm(ctx, file)
	}
	bucket, key := l.World.Stack.Outputs["PromptsBucket"], l.Key()
	l.Files.Expect(l.Name)
	_, err = l.World.S3.PutObject(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: bytes.NewReader(file)})
	return err
}

// sendForm creates the batch by the API, and sends its file by the form. A batch whose run is
// under way takes no other file.
func (l *lead) sendForm(ctx context.Context, file []byte) error {
	var made api.BatchUpload
	busy := false
	err := world.Persist(ctx, func() error {
		status, body, err := l.World.Send(ctx, http.MethodPost, api.BatchesPath, api.BatchRequest{
			Name: l.FullName(), Format: string(l.Format), AtOnce: l.AtOnce, MaxLines: batchfile.DefaultLines,
		})
		busy = err == nil && status == http.StatusConflict
		switch {
		case err != nil:
			return err
		case busy:
			return nil
		case status != http.StatusAccepted:
			return fmt.Errorf("status %d: %s", status, body)
		}
		return json.Unmarshal(body, &made)
	})
	if err != nil || busy {
		return err
	}
	if made.Batch.ID != l.ID {
		l.World.Unexpected("the API gave %s for batch %s, which is %s", made.Batch.ID, l.Name, l.ID)
	}
	l.Files.Expect(l.Name)
	forms := client.New(client.Config{BaseURL: l.World.Stack.API, Token: l.World.Stack.Token, HTTP: http.DefaultClient, Sleep: wait.For})
	return forms.Upload(ctx, made.Upload, l.Name, bytes.NewReader(file), int64(len(file)))
}

// start begins a run. A batch that has one under way needs none.
func (l *lead) start(ctx context.Context) error {
	return world.Persist(ctx, func() error {
		status, body, err := l.World.Send(ctx, http.MethodPost, api.PathOf(api.BatchStartPath, l.ID), api.BatchStart{})
		if err == nil && status != http.StatusAccepted && status != http.StatusConflict {
			err = fmt.Errorf("status %d: %s", status, body)
		}
		return err
	})
}

// end cancels it, until nothing is left to cancel.
func (l *lead) end(ctx context.Context) error {
	l.World.Plan.Note("event", "a batch cancelled", l.Name)
	l.cancel = false
	return world.Persist(ctx, func() error {
		status, body, err := l.World.Call(ctx, http.MethodDelete, api.PathOf(api.BatchPath, l.ID))
		var said api.BatchCancelled
		switch {
		case err != nil:
			return err
		case status != http.StatusOK:
			return fmt.Errorf("status %d: %s", status, body)
		}
		if err := json.Unmarshal(body, &said); err != nil {
			return err
		}
		if said.Left > 0 {
			return fmt.Errorf("%d jobs are left to be cancelled", said.Left)
		}
		return nil
	})
}

// stopRun stops the running executions of a batch, or the one that looks after one of its lines,
// as its operator does. Step Functions stops those of its jobs that they wait for. It reports
// whether it has stopped any.
func (d *Driver) stopRun(ctx context.Context, b *world.Batch, when string) bool {
	// Its calls come many at once, and only one of them is to stop it.
	d.mu.Lock()
	s := d.stops[b.Name]
	delete(d.stops, b.Name)
	d.mu.Unlock()
	if s == nil {
		return false
	}
	stopped := false
	defer func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		if !stopped && d.stops[b.Name] == nil {
			d.stops[b.Name] = s
		}
	}()
	machine := d.World.Stack.Outputs["BatchStateMachineArn"]
	found, err := d.running(ctx, &sfn.ListExecutionsInput{StateMachineArn: &machine})
	if err != nil {
		return false
	}
	found = slices.DeleteFunc(found, func(e types.ExecutionListItem) bool { return d.World.Names.OfExecution(*e.Name) != b.Name })
	if s.line {
		if found, err = d.lines(ctx, found); err != nil {
			return false
		}
		found, when = found[:min(1, len(found))], when+", a line of it"
	}
	for _, e := range found {
		if _, err := d.World.StepFunctions.StopExecution(ctx, &sfn.StopExecutionInput{ExecutionArn: e.ExecutionArn}); err == nil {
			stopped = true
		}
	}
	if !stopped {
		return false
	}
	d.World.Plan.Note("batch stopped", when, b.Name)
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, j := range b.Jobs {
		r := j.Round()
		r.Hands, r.Stopped = r.Hands+1, time.Now()
	}
	return true
}

// running lists running executions.
func (d *Driver) running(ctx context.Context, in *sfn.ListExecutionsInput) ([]types.ExecutionListItem, error) {
	in.StatusFilter, in.MaxResults = types.ExecutionStatusRunning, 1000
	reply, err := d.World.StepFunctions.ListExecutions(ctx, in)
	if err != nil {
		return nil, err
	}
	return reply.Executions, nil
}

// lines lists the running children of the Map of executions.
func (d *Driver) lines(ctx context.Context, of []types.ExecutionListItem) (all []types.ExecutionListItem, err error) {
	for _, e := range of {
		maps, err := d.World.StepFunctions.ListMapRuns(ctx, &sfn.ListMapRunsInput{ExecutionArn: e.ExecutionArn})
		if err != nil {
			return nil, err
		}
		for _, run := range maps.MapRuns {
			children, err := d.running(ctx, &sfn.ListExecutionsInput{MapRunArn: run.MapRunArn})
			if err != nil {
				return nil, err
			}
			all = append(all, children...)
		}
	}
	return all, nil
}
