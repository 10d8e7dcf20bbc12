package pipeline

import (
	"context"
	"encoding/json"

	"github.com/takeup/takeup/internal/video"
)

// Task is what the state machine gives Submit.
type Task struct {
	// Execution is the execution's name, which is the job's id where Input
	// is a bare request.
	Execution string `json:"execution"`
	// Input is a request object; or {"id", "resume": true} of a redrive, which
	// takes back how the job ended; or the job that an earlier Submit gave back
	// to wait; or {"id", "status": "waiting"} of an execution that takes a job
	// up which has not ended.
	Input json.RawMessage `json:"input"`
}

// order is a Task, read.
type order struct {
	id        string
	execution string         // the name of the one that this Submit is in
	request   *video.Request // of a bare request; nil otherwise
	resume    bool           // how the job ended is taken back
	now       bool           // it is tried now, whatever it waits for
	looks     int            // how often its execution found no room below a limit
}

// read tells the three kinds of a task's input apart. No model takes a field
// called resume or status.
func read(task Task) (order, error) {
	var input struct {
		ID          string       `json:"id"`
		Resume      bool         `json:"resume"`
		Status      video.Status `json:"status"`
		WaitSeconds int          `json:"wait_seconds"`
		Looks       int          `json:"looks"`
	}
	// What doesn't decode here has fields of other types, or is no object:
	// ParseRequest has the words for that.
	if json.Unmarshal(task.Input, &input) == nil && (input.Resume || input.Status != "") {
		return order{id: input.ID, execution: task.Execution, resume: input.Resume, now: input.WaitSeconds == 0, looks: max(0, input.Looks)}, video.CheckID(input.ID)
	}
	o := order{id: task.Execution, execution: task.Execution}
	if err := video.CheckID(o.id); err != nil {
		return o, err
	}
	request, err := video.ParseRequest(task.Input)
	o.request = &request
	return o, err
}

// reject keeps the job of an execution that was started by hand with what can't be a
// request, so that it is listed with its reason, which it gives.
func (s *Submit) reject(ctx context.Context, o order, why error) error {
	if o.request == nil {
		return why
	}
	entry := video.Entry{ID: o.id, CreatedAt: s.Now(), Origin: video.Origin{Trigger: video.TriggerExecution}, Execution: o.execution, Started: true}
	entry.End(why, entry.CreatedAt)
	if _, _, err := s.Jobs.Create(ctx, entry); unlessConflict(err) != nil {
		return err
	}
	return why
}

// adopt has the entry name the execution of a redrive that was started by hand,
// and reports whether it does so now. A redrive that comes late, after another,
// leaves the later name.
func (o order) adopt(entry *video.Entry) bool {
	id, n := video.RedriveOf(o.execution)
	if !o.resume || id != entry.ID || n <= entry.Redrives || !entry.ForgottenAt.IsZero() || entry.Outcome != nil && entry.Outcome.Final() {
		return false
	}
	entry.Execution, entry.Redrives, entry.Started = o.execution, n, true
	return true
}
