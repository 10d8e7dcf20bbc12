package batches_test

import (
	"encoding/json"
	"maps"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/takeup/takeup/internal/batches"
	"github.com/takeup/takeup/internal/batches/runfiles"
)

// state is the part of a state of statemachine/batch.asl.json that says what it does with its
// input.
type state struct {
	Type, Next, ResultPath string
	Parameters             map[string]any
	Result                 any
	Catch                  []map[string]any
}

// lineStates returns the states of a line.
func lineStates(t *testing.T) map[string]state {
	t.Helper()
	text, err := os.ReadFile("../../statemachine/batch.asl.json")
	if err != nil {
		t.Fatal(err)
	}
	var machine struct {
		States struct {
			Lines struct {
				ItemProcessor struct{ States map[string]state }
			}
		}
	}
	if err := json.Unmarshal(text, &machine); err != nil {
		t.Fatal(err)
	}
	return machine.States.Lines.ItemProcessor.States
}

// A job's execution that failed, or that could not be started, leads back to Line, with the same
// item, and as visited. The failure itself, which may be long, is dropped.
func TestAFailureLeadsBackToLine(t *testing.T) {
	states := lineStates(t)
	input := map[string]any{
		"batch": "batches-a", "run": 2.0, "visited": false, "item": map[string]any{"id": "batch-a", "line": 3.0, "copy": 1.0, "at": 7.0, "size": 9.0},
		"next": map[string]any{"do": "run"},
	}
	caught := states["Run"].Catch[0]
	if path, set := caught["ResultPath"]; !set || path != nil {
		t.Fatalf("the failure is put at %v", path)
	}
	after := maps.Clone(input)
	name, _ := caught["Next"].(string)
	for states[name].Type == "Pass" {
		field, ok := strings.CutPrefix(states[name].ResultPath, "$.")
		if !ok || states[name].Parameters != nil {
			t.Fatalf("%s makes another input: %+v", name, states[name])
		}
		after[field], name = states[name].Result, states[name].Next
	}
	given := map[string]any{}
	for field, value := range states[name].Parameters {
		if from, path := strings.CutSuffix(field, ".$"); path {
			given[from] = after[strings.TrimPrefix(value.(string), "$.")]
		} else {
			given[field] = value
		}
	}
	text, err := json.Marshal(given)
	if err != nil {
		t.Fatal(err)
	}
	var task batches.Task
	if err := json.Unmarshal(text, &task); err != nil {
		t.Fatal(err)
	}
	want := batches.Task{
		Step: batches.StepLine, Input: batches.Input{Batch: "batches-a", Run: 2}, Visited: true,
		Item: runfiles.Item{ID: "batch-a", Line: 3, Copy: 1, At: 7, Size: 9},
	}
	if name != "Line" || !reflect.DeepEqual(task, want) {
		t.Errorf("%s gets %+v, want %+v", name, task, want)
	}
}
