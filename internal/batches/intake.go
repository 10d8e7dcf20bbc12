package batches

import (
	"context"
	"errors"
	"fmt"
	"path"
	"strings"
	"time"

	"github.com/takeup/takeup/internal/batch"
	"github.com/takeup/takeup/internal/batch/batchfile"
	"github.com/takeup/takeup/internal/batch/record"
	"github.com/takeup/takeup/internal/bucket/objectkey"
	"github.com/takeup/takeup/internal/video"
)

// Intake begins runs of the files that arrive in the prompts bucket. It is safe for concurrent
// use, also by many processes.
type Intake struct {
	table   Table
	machine Machine
	now     func() time.Time
}

// NewIntake returns an Intake.
func NewIntake(table Table, machine Machine, now func() time.Time) *Intake {
	return &Intake{table: table, machine: machine, now: now}
}

// Refused is the error for a file that no batch is made of. Reason follows "the file".
type Refused struct{ Reason string }

func (e *Refused) Error() string { return "the file " + e.Reason }

// Arrived is what a file became.
type Arrived struct {
	Batch string // its id
	Run   int
	// Known means that no run began: this version of the file, or a later one, had arrived
	// before, or the batch was cancelled since the upload.
	Known bool
}

// NameOfKey returns the name of the batch of a file that was put into the bucket: its key
// without the extension. So a file that is replaced, or saved in another format, is the same
// batch.
func NameOfKey(key string) string { return strings.TrimSuffix(key, path.Ext(key)) }

// Arrive begins a run with a version of a file, once. The batch of a file that a form uploaded
// is in its key; that of any other is named by it. Such a file runs by itself if it is cheap; a
// copy of another object waits to be started, since copying is also how files are moved. An event
// that comes after that of a later upload, or after the batch was cancelled, begins nothing. The
// error is a *Refused, or a *video.ServiceUnavailable, after which Arrive can be called again.
func (i *Intake) Arrive(ctx context.Context, source record.Source, copied bool) (Arrived, error) {
	id, form := objectkey.ParseBatchUpload(source.Key)
	name := NameOfKey(source.Key)
	if !form {
		if err := batch.CheckName(name); err != nil {
			return Arrived{}, &Refused{Reason: fmt.Sprintf("has a key that is no name of a batch: it %v", err)}
		}
		id = IDOf(name, "")
	}
	format, err := batchfile.FormatOf(source.Key)
	if err != nil {
		return Arrived{}, &Refused{Reason: strings.TrimPrefix(err.Error(), "the file ")}
	}
	for range turns {
		b, version, err := i.table.Batch(ctx, id)
		var absent *record.NoBatch
		switch {
		case errors.As(err, &absent) && form:
			return Arrived{}, &Refused{Reason: "came by a form of no batch; create the batch again"}
		case errors.As(err, &absent):
			b = record.Batch{ID: id, Name: name, CreatedAt: i.now(), Options: record.Options{AtOnce: record.DefaultAtOnce}}
		case err != nil:
			return Arrived{}, err
		}
		before := b
		known := !b.Arrive(source)
		switch {
		case known && b.State == record.Planning && b.Latest(source):
			return Arrived{Batch: id, Run: b.Run, Known: true}, begin(ctx, i.machine, b)
		case known:
			return Arrived{Batch: id, Run: b.Run, Known: true}, nil
		case form && (before.State == record.Planning || before.State == record.Running):
			return Arrived{}, &Refused{Reason: fmt.Sprintf("came while run %d of its batch is under way; wait for its end, and create the batch again", before.Run)}
		}
		b.Format, b.Attended = string(format), form || copied
		if version == "" {
			b, _, err = i.table.CreateBatch(ctx, b)
		} else {
			b, _, err = i.table.PutBatch(ctx, b, version)
		}
		if video.UnlessConflict(err) != nil {
			return Arrived{}, err
		}
		switch {
		case err == nil && b.State == record.Planning:
			return Arrived{Batch: id, Run: b.Run}, begin(ctx, i.machine, b)
		case err == nil:
			return Arrived{Batch: id, Run: b.Run, Known: true}, nil
		}
	}
	return Arrived{}, &video.ServiceUnavailable{Doing: "beginning a batch", Err: errors.New("the batch was changed by another each time")}
}
