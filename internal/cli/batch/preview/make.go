package preview

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/takeup/takeup/internal/batch"
	"github.com/takeup/takeup/internal/batch/batchfile"
	"github.com/takeup/takeup/internal/cli/batch/prompts"
	"github.com/takeup/takeup/internal/cli/command"
	"github.com/takeup/takeup/internal/cli/target"
)

// Make plans a file with the API's jobs, prices and times. If the file can't be read to its
// end, the error is an *unusableFile with the invalid lines found before.
func Make(ctx context.Context, access target.API, file string, o prompts.Input, options batchfile.Options) (*Plan, error) {
	from, err := os.Open(file)
	if err != nil {
		return nil, command.Usagef("reading the prompts: %w", err)
	}
	defer from.Close()
	models, err := access.Models(ctx)
	if err != nil {
		return nil, err
	}
	control, err := access.Control(ctx)
	if err != nil {
		return nil, err
	}
	report := &Plan{Batch: o.Name, AtOnce: o.AtOnce, Planned: []plannedLine{}}
	planner := batch.Planner{Each: func(line batch.Planned) { report.add(line, o.Again) }}
	if !o.Again {
		planner.Jobs = jobs{access}
	}
	plan, err := planner.Make(ctx, batchfile.Lines(from, options), batch.NewIDs(o.Name, ""), &prices{access: access}, times{models})
	var unusable *batchfile.Unusable
	if errors.As(err, &unusable) {
		return nil, &unusableFile{file: file, named: plan.Named, err: unusable}
	}
	if err != nil {
		return nil, err
	}
	return report, report.take(plan, control.Caps)
}

// unusableFile is the error for a file that can't be planned.
type unusableFile struct {
	file  string
	named []*batchfile.Wrong
	err   *batchfile.Unusable
}

func (e *unusableFile) Error() string {
	message := fmt.Sprintf("%s: %v; nothing was started or paid", e.file, e.err)
	for _, wrong := range e.named {
		message += "\n  " + wrong.Error()
	}
	return message
}

func (e *unusableFile) Unwrap() error { return e.err }

// WrongLines is the error for a file with invalid lines.
type WrongLines struct{ Message string }

func (e *WrongLines) Error() string { return e.Message }
