package batches

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/takeup/takeup/internal/batch/record"
	"github.com/takeup/takeup/internal/video"
)

// Machine starts the executions of the batches' state machine.
type Machine interface {
	// Start starts an execution. It is no error if there is, or was, one of that name.
	Start(ctx context.Context, name string, input []byte) error
	// Running reports whether there is an execution of that name that has not ended.
	Running(ctx context.Context, name string) (bool, error)
}

// Input is the input of an execution of the batches' state machine.
type Input struct {
	Batch string `json:"batch"`
	Run   int    `json:"run"`
}

// Start begins a run of a batch that its owner has approved: of one that is planned, or of one
// that has ended or was cancelled and is to go on. Jobs that were cancelled stay so. With
// skipInvalid the run leaves out the invalid lines. The error is a *record.NoBatch, a
// *NotStarted, or a *video.ServiceUnavailable, after which Start can be called again.
func (s *Service) Start(ctx context.Context, id string, skipInvalid bool) (View, error) {
	if !video.ValidID(id) {
		return View{}, &record.NoBatch{ID: id}
	}
	for range turns {
		b, version, err := s.table.Batch(ctx, id)
		if err != nil {
			return View{}, err
		}
		if err := s.startable(ctx, b); err != nil {
			return View{}, err
		}
		b.SkipInvalid = b.SkipInvalid || skipInvalid
		b.Start()
		if b, _, err = s.table.PutBatch(ctx, b, version); video.UnlessConflict(err) != nil {
			return View{}, err
		} else if err != nil {
			continue
		}
		if err := begin(ctx, s.machine, b); err != nil {
			return View{}, err
		}
		return s.view(ctx, b, true)
	}
	return View{}, changing("starting the batch")
}

// startable returns a *NotStarted if no run can begin now. A run whose execution died before it
// said so may be followed by another.
func (s *Service) startable(ctx context.Context, b record.Batch) error {
	switch b.State {
	case record.Uploading:
		if b.Expired(s.now()) {
			return &NotStarted{ID: b.ID, Reason: neverCame(b)}
		}
		return &NotStarted{ID: b.ID, Reason: "its file has not arrived; upload it"}
	case record.Cancelled:
		if len(b.Sources) == 0 {
			return &NotStarted{ID: b.ID, Reason: "it was cancelled before its file arrived; create the batch again"}
		}
	case record.Unusable:
		return &NotStarted{ID: b.ID, Reason: "its file can't be used: " + b.Reason}
	case record.Planning, record.Running:
		running, err := s.machine.Running(ctx, b.Execution())
		if err != nil {
			return err
		}
		if running {
			return &NotStarted{ID: b.ID, Reason: fmt.Sprintf("its run %d is under way", b.Run)}
		}
	}
	return nil
}

// begin starts the execution of a batch's run. It can be repeated.
func begin(ctx context.Context, machine Machine, b record.Batch) error {
	input, err := json.Marshal(Input{Batch: b.ID, Run: b.Run})
	if err != nil {
		return fmt.Errorf("encoding the input of batch %s: %w", b.ID, err)
	}
	return machine.Start(ctx, b.Execution(), input)
}
