package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/batch/record"
	"github.com/takeup/takeup/internal/batches"
	"github.com/takeup/takeup/internal/batches/runfiles"
	"github.com/takeup/takeup/internal/bucket/objectkey"
	"github.com/takeup/takeup/internal/provider/aimlapi/sim/script"
)

// newBatch creates a batch that is to be planned, whose file starts nothing by itself.
func (w *world) newBatch(t *testing.T, content string, attended bool) record.Batch {
	t.Helper()
	name := w.fresh()
	key := "._" + name + ".csv" // a system file
	b := record.Batch{
		ID: batches.IDOf(name, ""), Name: name, CreatedAt: time.Now(), Format: api.BatchCSV, Options: record.Options{AtOnce: 1}, Attended: attended,
	}
	b.Arrive(record.Source{Bucket: w.stack.Outputs["PromptsBucket"], Key: key, Version: w.put(t, key, []byte(content)), Versioned: true})
	b, _, err := w.table.CreateBatch(t.Context(), b)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// batchStep invokes a step of a batch, and decodes what it returns.
func (w *world) batchStep(t *testing.T, task batches.Task, out any) error {
	reply, err := w.invoke(t.Context(), "BatchFunction", task)
	if err != nil {
		return err
	}
	return json.Unmarshal(reply, out)
}

// planned creates a batch of one video, and plans it.
func (w *world) planned(t *testing.T) (batches.Input, error) {
	b := w.newBatch(t, "prompt\na probe called "+w.fresh()+"\n", false)
	in := batches.Input{Batch: b.ID, Run: b.Run}
	var planned batches.Planned
	err := w.batchStep(t, batches.Task{Step: batches.StepPlan, Input: in}, &planned)
	if err == nil && planned.Next != batches.GoRun {
		err = fmt.Errorf("the plan is %+v", planned)
	}
	return in, err
}

// probeBatch goes through the steps of a batch whose video fails, and is looked after again.
func (w *world) probeBatch(t *testing.T) error {
	in, err := w.planned(t)
	if err != nil {
		return err
	}
	line, _, _ := strings.Cut(string(w.object(t, objectkey.BatchRun(in.Batch, in.Run, objectkey.BatchLines))), "\n")
	task := batches.Task{Step: batches.StepLine, Input: in, Item: decode[runfiles.Item](t, []byte(line))}
	w.doom(task.Item.ID, script.Fate{Seconds: new(0.0), Outcome: script.OutcomeError, ErrorName: "Moderation Error"})
	var next batches.Next
	if err := w.batchStep(t, task, &next); err != nil || next.Do != batches.DoRun {
		return fmt.Errorf("the line: %+v, %w", next, err)
	}
	task.Visited = true // as if the state machine could not start the execution
	if err := w.batchStep(t, task, &next); err != nil || next.Do != batches.DoWait {
		return fmt.Errorf("the line, visited: %+v, %w", next, err)
	}
	w.ended(t, task.Item.ID)
	task.Visited = false
	if err := w.batchStep(t, task, &next); err != nil {
		return fmt.Errorf("the line, ended: %w", err)
	}
	return w.batchStep(t, batches.Task{Step: batches.StepReport, Input: in}, &batches.Report{})
}

func (w *world) probeBatchRejected(t *testing.T) error {
	b := w.newBatch(t, "PK\x03\x04", false)
	var planned batches.Planned
	if err := w.batchStep(t, batches.Task{Step: batches.StepPlan, Input: batches.Input{Batch: b.ID, Run: b.Run}}, &planned); err != nil {
		return err
	}
	if _, rejected := w.find(t, objectkey.Rejection(b.Source().Key)); !rejected || planned.Next != batches.GoEnd {
		return fmt.Errorf("it is not rejected: %+v", planned)
	}
	return nil
}

func (w *world) probeBatchResults(t *testing.T) error {
	in, err := w.planned(t)
	if err != nil {
		return err
	}
	_, err = invokeAPI[map[string]any](w, t, http.StatusOK, http.MethodGet, api.PathOf(api.BatchResultsPath, in.Batch)+"?"+api.ParamFormat+"="+api.BatchJSONL, "")
	return err
}

// probeBatchRefresh asks for results that are said to be old. The reply is a redirect.
func (w *world) probeBatchRefresh(t *testing.T) error {
	in, err := w.planned(t)
	if err != nil {
		return err
	}
	b, version, err := w.table.Batch(t.Context(), in.Batch)
	if err != nil {
		return err
	}
	b.State, b.Reported = record.Ended, 1000
	if _, _, err := w.table.PutBatch(t.Context(), b, version); err != nil {
		return err
	}
	_, err = invokeAPI[any](w, t, http.StatusFound, http.MethodGet, api.PathOf(api.BatchResultsPath, in.Batch), "")
	var empty *json.SyntaxError // a redirect has no body
	if err != nil && !errors.As(err, &empty) {
		return err
	}
	if b, _, err := w.table.Batch(t.Context(), in.Batch); err != nil || b.Reported == 1000 {
		return fmt.Errorf("the results were not made again: %+v, %w", b, err)
	}
	return nil
}

// probeBatchStart starts a batch whose execution is gone. Its file has no prompts.
func (w *world) probeBatchStart(t *testing.T) error {
	b := w.newBatch(t, "prompt\n", true)
	got, err := invokeAPI[api.Batch](w, t, http.StatusAccepted, http.MethodPost, api.PathOf(api.BatchStartPath, b.ID), "{}")
	if err != nil {
		return err
	}
	if got.Run != 2 {
		return fmt.Errorf("it is run %d", got.Run)
	}
	return nil
}

func (w *world) probeBatchFile(t *testing.T) error { return w.deliverOnce(t, w.fresh()+".csv", 1) }

func (w *world) probeBatchRun(t *testing.T) error {
	key := w.fresh() + ".csv"
	w.put(t, key, []byte("prompt\na probe called "+key+"\n"))
	w.batchIs(t, batches.IDOf(batches.NameOfKey(key), ""), record.Ended, 1)
	return nil
}
