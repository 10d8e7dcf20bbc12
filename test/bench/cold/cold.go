// Package cold measures the cold start of each function against the smallest possible Lambda
// function in Go.
package cold

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/takeup/takeup/test/harness/lambdas"
)

// bare is the function with which the others are compared.
const bare = "bare"

// Options configure a run.
type Options struct {
	Root     string // the repository's root
	StateDir string // gets the binaries
	Starts   int    // per function, at least 1
}

// Run builds all functions, starts them in turn and returns the measures of each: the bare one
// first and check last.
func Run(ctx context.Context, o Options) ([]Measure, error) {
	if o.Starts < 1 {
		return nil, fmt.Errorf("the number of starts is %d; give at least 1", o.Starts)
	}
	functions, err := lambdas.Functions(o.Root, nil)
	if err != nil {
		return nil, err
	}
	programs := make([]program, 0, len(functions)+1)
	for _, name := range names(functions) {
		p, err := build(ctx, o, name, functions[name])
		if err != nil {
			return nil, err
		}
		programs = append(programs, p)
	}
	starts := map[string][]start{}
	// The first round reads the binaries from the disk and isn't counted.
	for round := range o.Starts + 1 {
		for i := range programs {
			// Rotate the order, so that no function always follows the same one.
			p := programs[(i+round)%len(programs)]
			s, err := p.start(ctx)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", p.name, err)
			}
			if round > 0 {
				starts[p.name] = append(starts[p.name], s)
			}
		}
	}
	measures := make([]Measure, 0, len(programs))
	for _, p := range programs {
		measures = append(measures, measure(p.name, p.size, starts[p.name]))
	}
	return measures, nil
}

// names returns the order of the report.
func names(functions map[string]lambdas.Function) []string {
	all := slices.DeleteFunc(slices.Sorted(maps.Keys(functions)), func(name string) bool { return name == "check" })
	return slices.Concat([]string{bare}, all, []string{"check"})
}

func build(ctx context.Context, o Options, name string, f lambdas.Function) (program, error) {
	dir, folder := o.Root, f.Folder
	if name == bare {
		dir, folder = filepath.Join(o.Root, "test"), "bench/cold/bare"
	}
	state, err := filepath.Abs(o.StateDir)
	if err != nil {
		return program{}, err
	}
	binary := filepath.Join(state, name, "bootstrap")
	if err := lambdas.Build(ctx, dir, folder, binary); err != nil {
		return program{}, err
	}
	info, err := os.Stat(binary)
	if err != nil {
		return program{}, err
	}
	env := lambdas.Platform()
	maps.Copy(env, f.Environment)
	// Nothing listens there. A start calls no service, and must not be able to reach a real one.
	env["AWS_ENDPOINT_URL"] = "http://127.0.0.1:1"
	return program{name: name, path: binary, size: info.Size(), env: env}, nil
}

// EndedEarly is the error for a function that exited before it requested work.
type EndedEarly struct {
	Said string // its output
	Err  error
}

func (e *EndedEarly) Error() string {
	return fmt.Sprintf("it ended before it asked for work (%v): %s", e.Err, e.Said)
}

func (e *EndedEarly) Unwrap() error { return e.Err }
