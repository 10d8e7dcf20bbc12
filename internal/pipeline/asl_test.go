package pipeline_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
)

// This file interprets the subset of the Amazon States Language that the state machine's file
// uses (https://states-language.net/spec.html). It refuses any field that it doesn't know, so
// that no part of the file is ignored unnoticed.

// definition is a state machine.
type definition struct {
	Comment string
	StartAt string
	States  map[string]state
}

type state struct {
	Comment        string
	Type           string
	Resource       string            // of a Task
	Parameters     map[string]string // of a Task
	TimeoutSeconds int               // of a Task; Step Functions enforces it, the plays end a Task by a crash instead
	Retry          []retrier
	Catch          []catcher
	Choices        []choice
	Default        string
	SecondsPath    string // of a Wait
	Next           string
	End            bool
}

type retrier struct {
	ErrorEquals                      []string
	IntervalSeconds, MaxDelaySeconds int
	MaxAttempts                      int
	BackoffRate                      float64
	JitterStrategy                   string
}

type catcher struct {
	ErrorEquals []string
	Next        string
}

type choice struct {
	Variable, StringEquals, Next string
}

// definitionText reads the state machine's file.
var definitionText = sync.OnceValues(func() ([]byte, error) {
	return os.ReadFile("../../statemachine/text_to_video.asl.json")
})

// textToVideo is the state machine defined in that file.
var textToVideo = sync.OnceValue(func() definition {
	text, err := definitionText()
	if err != nil {
		panic(err)
	}
	return parseDefinition(text)
})

func parseDefinition(text []byte) (d definition) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&d); err != nil {
		panic(err)
	}
	return d
}

// historyLimit is the outcome of an execution that fills its history: 25,000 events, of which a
// task takes five.
const (
	historyLimit = "history limit"
	maxStates    = 25_000 / 5
)

// task is the code that a Task of an execution invokes. Retry and Catch match the name of its
// error.
type task func(ctx context.Context, input json.RawMessage) (output json.RawMessage, errorName string)

// execution is a run of a state machine.
type execution struct {
	definition definition
	name       string
	tasks      map[string]task // by Resource
	stopped    func() bool     // whether StopExecution was called from outside
}

// run runs the execution to its end. It returns its output, or the name of the error that it
// ended with: "stopped" if it was stopped.
func (e execution) run(ctx context.Context, input json.RawMessage) (output json.RawMessage, errorName string) {
	name, fields := e.definition.StartAt, fieldsOf(input)
	for range maxStates {
		s, ok := e.definition.States[name]
		if !ok {
			panic("there is no state " + name)
		}
		next := s.Next
		switch s.Type {
		case "Task":
			output, failed := e.task(ctx, s, input)
			switch {
			case e.stopped():
				return nil, "stopped"
			case failed == "":
				input, fields = output, fieldsOf(output)
			default:
				i := slices.IndexFunc(s.Catch, func(c catcher) bool { return matches(c.ErrorEquals, failed) })
				if i < 0 {
					return nil, failed
				}
				input, next = json.RawMessage(fmt.Sprintf(`{"Error":%q}`, failed)), s.Catch[i].Next
				fields = fieldsOf(input)
			}
		case "Wait":
			time.Sleep(time.Duration(field[int](fields, s.SecondsPath)) * time.Second)
		case "Choice":
			next = s.Default
			for _, c := range s.Choices {
				if field[string](fields, c.Variable) == c.StringEquals {
					next = c.Next
					break
				}
			}
		default:
			panic(fmt.Sprintf("%s has the type %s", name, s.Type))
		}
		if s.End && next == s.Next {
			return input, ""
		}
		name = next
	}
	return nil, historyLimit
}

// task invokes a task, and retries it according to its retriers.
func (e execution) task(ctx context.Context, s state, input json.RawMessage) (output json.RawMessage, errorName string) {
	invoke, ok := e.tasks[s.Resource]
	if !ok {
		panic("there is no " + s.Resource)
	}
	input = e.arguments(s, input)
	retries := make([]int, len(s.Retry))
	for {
		output, failed := invoke(ctx, input)
		i := slices.IndexFunc(s.Retry, func(r retrier) bool { return matches(r.ErrorEquals, failed) })
		if failed == "" || e.stopped() || i < 0 || retries[i] == s.Retry[i].MaxAttempts {
			return output, failed
		}
		time.Sleep(s.Retry[i].delay(retries[i]))
		retries[i]++
	}
}

// arguments returns the input of a task's invocation: the state's input, or its Parameters.
func (e execution) arguments(s state, input json.RawMessage) json.RawMessage {
	if s.Parameters == nil {
		return input
	}
	arguments := map[string]any{}
	for key, path := range s.Parameters {
		name, isPath := strings.CutSuffix(key, ".$")
		switch {
		case !isPath:
			arguments[key] = path
		case path == "$":
			arguments[name] = input
		case path == "$$.Execution.Name":
			arguments[name] = e.name
		default:
			panic("the path " + path + " is not known here")
		}
	}
	text, err := json.Marshal(arguments)
	if err != nil {
		panic(err)
	}
	return text
}

// delay returns the wait before the next retry, after n retries. Jitter would shorten it.
func (r retrier) delay(n int) time.Duration {
	seconds := float64(r.IntervalSeconds) * math.Pow(r.BackoffRate, float64(n))
	return time.Duration(min(seconds, float64(r.MaxDelaySeconds)) * float64(time.Second))
}

// matches reports whether a retrier or catcher with those names applies to an error.
func matches(names []string, failed string) bool {
	return slices.ContainsFunc(names, func(name string) bool {
		return name == failed || name == "States.ALL" || name == "States.TaskFailed" && failed != "States.Timeout"
	})
}

// fieldsOf returns the fields of a state's input.
func fieldsOf(input json.RawMessage) (fields map[string]json.RawMessage) {
	if err := json.Unmarshal(input, &fields); err != nil {
		panic(err)
	}
	return fields
}

// field returns the field of a state's input that a path such as $.status names.
func field[T any](fields map[string]json.RawMessage, path string) (value T) {
	name, ok := strings.CutPrefix(path, "$.")
	if !ok || strings.ContainsAny(name, ".[") {
		panic("the path " + path + " is not known here")
	}
	if err := json.Unmarshal(fields[name], &value); err != nil {
		panic(fmt.Sprintf("%s is %q: %v", path, fields[name], err))
	}
	return value
}
