package submit

import (
	"context"
	"encoding/json"

	"github.com/takeup/takeup/internal/catalogue"
	"github.com/takeup/takeup/internal/provider/all"
	"github.com/takeup/takeup/internal/video"
	"github.com/takeup/takeup/internal/video/execname"
)

// Task is the input of Submit from the state machine.
type Task struct {
	// Execution is the execution's name. It is also the job's id if Input is a bare request.
	Execution string `json:"execution"`
	// Input is one of:
	//   - a request object
	//   - {"id", "resume": true} of a redrive, which clears the job's outcome
	//   - the waiting job that an earlier Submit returned
	//   - {"id", "status": "waiting"} of another execution of a job without an outcome
	Input json.RawMessage `json:"input"`
}

// order is a parsed Task.
type order struct {
	id        string
	execution string         // the name of this execution
	request   *video.Request // a bare request, or nil
	resume    bool           // clear the outcome
	now       bool           // try the job now, whatever it waits for
	looks     int            // how often this execution found no room below a limit
}

// read parses a task. The fields resume and status tell the kinds of input apart: no model has a
// parameter of either name.
func read(task Task) (order, error) {
	var input struct {
		ID          string       `json:"id"`
		Resume      bool         `json:"resume"`
		Status      video.Status `json:"status"`
		WaitSeconds int          `json:"wait_seconds"`
		Looks       int          `json:"looks"`
	}
	// An input that can't be decoded here is left to catalogue.Parse, which explains what is
	// wrong.
	if json.Unmarshal(task.Input, &input) == nil && (input.Resume || input.Status != "") {
		return order{id: input.ID, execution: task.Execution, resume: input.Resume, now: input.WaitSeconds == 0, looks: max(0, input.Looks)}, video.CheckID(input.ID)
	}
	o := order{id: task.Execution, execution: task.Execution}
	if err := video.CheckID(o.id); err != nil {
		return o, err
	}
	request, err := catalogue.Parse(all.Models(), task.Input)
	o.request = &request
	return o, err
}

// reject records the job of an execution that was started by hand with an invalid request, so
// that a list shows it with the reason. It returns the reason.
func (s *Step) reject(ctx context.Context, o order, why error) error {
	if o.request == nil {
		return why
	}
	entry := video.Entry{ID: o.id, CreatedAt: s.Now(), Origin: video.Origin{Trigger: video.TriggerExecution}, Execution: o.execution, Started: true}
	entry.End(why, entry.CreatedAt)
	if _, _, err := s.Jobs.Create(ctx, entry); video.UnlessConflict(err) != nil {
		return err
	}
	return why
}

// adopt sets the entry's execution to that of a redrive started by hand, and reports whether it
// changed the entry. It does not replace the name of a later redrive.
func (o order) adopt(entry *video.Entry) bool {
	id, n := execname.RedriveOf(o.execution)
	if !o.resume || id != entry.ID || n <= entry.Redrives || !entry.ForgottenAt.IsZero() || entry.Outcome != nil && entry.Outcome.Final() {
		return false
	}
	entry.Execution, entry.Redrives, entry.Started = o.execution, n, true
	return true
}
