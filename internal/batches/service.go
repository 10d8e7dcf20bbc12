package batches

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/takeup/takeup/internal/batch"
	"github.com/takeup/takeup/internal/batch/batchfile"
	"github.com/takeup/takeup/internal/batch/record"
	"github.com/takeup/takeup/internal/batches/runfiles"
	"github.com/takeup/takeup/internal/jobs"
	"github.com/takeup/takeup/internal/text"
	"github.com/takeup/takeup/internal/video"
	"github.com/takeup/takeup/internal/video/hookurl"
)

// Table stores the batches. A write replaces a version that was read, and returns a
// *video.Conflict if that version is no longer current.
type Table interface {
	// Batch returns the record of a batch, or a *record.NoBatch.
	Batch(ctx context.Context, id string) (b record.Batch, version string, err error)
	CreateBatch(context.Context, record.Batch) (record.Batch, string, error)
	PutBatch(ctx context.Context, b record.Batch, version string) (record.Batch, string, error)
	BatchCounts(ctx context.Context, id string) (record.Counts, error)
	// BatchPlan returns the plan of a run, or nil.
	BatchPlan(ctx context.Context, id string, run int) ([]byte, error)
	PutBatchPlan(ctx context.Context, id string, run int, plan []byte) error
	// Batches returns ids, the newest first, and the place before which it continues.
	Batches(ctx context.Context, before string, limit int) (ids []string, next string, err error)
}

// Service performs the operations on batches. It is safe for concurrent use, also by many
// processes.
type Service struct {
	table   Table
	jobs    Jobs
	items   runfiles.Items
	files   runfiles.Store
	machine Machine
	now     func() time.Time
}

// New returns a Service.
func New(table Table, jobs Jobs, items runfiles.Items, files runfiles.Store, machine Machine, now func() time.Time) *Service {
	return &Service{table: table, jobs: jobs, items: items, files: files, machine: machine, now: now}
}

// Order asks for a batch whose file comes by an upload form.
type Order struct {
	Name   string
	Again  string // not empty: make all videos again; part of the batch's id
	Owner  string
	Format batchfile.Format
	// UploadUntil is until when the form is valid.
	UploadUntil time.Time
	record.Options
}

// IDOf returns the id of a batch. The same name is the same batch.
func IDOf(name, again string) string { return jobs.IDFromKey("batches", name, again) }

// maxAtOnce is the most videos that a batch may make at once.
const maxAtOnce = 10_000

// check returns a *video.InvalidRequest that names every wrong field.
func (o *Order) check() error {
	var wrong []video.FieldError
	add := func(field, format string, values ...any) {
		wrong = append(wrong, video.FieldError{Field: field, Message: fmt.Sprintf(format, values...)})
	}
	if err := batch.CheckName(o.Name); err != nil {
		add("name", "%v", err)
	}
	if o.Format != batchfile.CSV && o.Format != batchfile.JSONL {
		add("format", "is %.20q; it takes %s or %s", o.Format, batchfile.CSV, batchfile.JSONL)
	}
	if o.AtOnce == 0 {
		o.AtOnce = record.DefaultAtOnce
	}
	if o.AtOnce < 1 || o.AtOnce > maxAtOnce {
		add("at_once", "is %d; it takes 1 to %d", o.AtOnce, maxAtOnce)
	}
	if o.MaxLines < 0 || o.MaxLines > batchfile.MaxLines {
		add("max_lines", "is %d; it takes 1 to %d", o.MaxLines, batchfile.MaxLines)
	}
	if encoded, err := json.Marshal(o.Defaults); err != nil || len(encoded) > video.MaxRequestBytes || text.Check("x"+string(encoded)) != nil {
		add("defaults", "is no object of a request's fields, of at most %d KiB", video.MaxRequestBytes>>10)
	}
	if address, ok := o.Defaults[video.Webhook].(string); ok {
		if fault := hookurl.Fault(address); fault != "" {
			add("defaults."+video.Webhook, "%s", fault)
		}
	}
	if len(wrong) > 0 {
		return &video.InvalidRequest{Fields: wrong}
	}
	return nil
}

// Create makes the batch whose file is to be uploaded. If there is one with that name, it
// changes its options, and the file that is uploaded next is its next run. The error is a
// *video.InvalidRequest, a *NotStarted if the batch is being planned or run, or a
// *video.ServiceUnavailable, after which Create can be called again.
func (s *Service) Create(ctx context.Context, o Order) (View, error) {
	if err := o.check(); err != nil {
		return View{}, err
	}
	id := IDOf(o.Name, o.Again)
	for range turns {
		b, version, err := s.table.Batch(ctx, id)
		var absent *record.NoBatch
		switch {
		case errors.As(err, &absent):
			b, _, err = s.table.CreateBatch(ctx, record.Batch{
				ID: id, Name: o.Name, Again: o.Again, Owner: o.Owner, CreatedAt: s.now(), Format: string(o.Format),
				Options: o.Options, Attended: true, State: record.Uploading, UploadUntil: o.UploadUntil,
			})
		case err != nil:
			return View{}, err
		case b.State == record.Planning, b.State == record.Running:
			return View{}, &NotStarted{ID: id, Reason: fmt.Sprintf("its run %d is under way; wait for its end, or cancel it", b.Run)}
		default:
			b.Owner, b.Format, b.Options, b.Attended = o.Owner, string(o.Format), o.Options, true
			b.State, b.Reason, b.UploadUntil = record.Uploading, "", o.UploadUntil
			b, _, err = s.table.PutBatch(ctx, b, version)
		}
		if video.UnlessConflict(err) != nil {
			return View{}, err
		}
		if err == nil {
			return s.view(ctx, b, true)
		}
	}
	return View{}, changing("creating the batch")
}

// NotStarted is the error for a batch that can't be started now or at all. Nothing was changed.
type NotStarted struct{ ID, Reason string }

func (e *NotStarted) Error() string { return "batch " + e.ID + " was not started: " + e.Reason }

// Get returns a batch, with its plan. The error is a *record.NoBatch or a
// *video.ServiceUnavailable.
func (s *Service) Get(ctx context.Context, id string) (View, error) {
	if !video.ValidID(id) {
		return View{}, &record.NoBatch{ID: id}
	}
	b, _, err := s.table.Batch(ctx, id)
	if err != nil {
		return View{}, err
	}
	return s.view(ctx, b, true)
}

// Page is a page of batches, the newest first, whose plans have no wrong lines.
type Page struct {
	Views []View
	Next  string // the cursor of the next page, or "" if there is none
}

// List returns a page of batches. An empty cursor is the first page. The error is a
// *listing.BadCursor or a *video.ServiceUnavailable.
func (s *Service) List(ctx context.Context, limit int, cursor string) (Page, error) {
	before, err := placeOf(cursor)
	if err != nil {
		return Page{}, err
	}
	ids, next, err := s.table.Batches(ctx, before, limit)
	if err != nil {
		return Page{}, err
	}
	page := Page{Views: make([]View, 0, len(ids)), Next: cursorOf(next)}
	for _, id := range ids {
		b, _, err := s.table.Batch(ctx, id)
		if err != nil {
			return Page{}, err
		}
		view, err := s.view(ctx, b, false)
		if err != nil {
			return Page{}, err
		}
		page.Views = append(page.Views, view)
	}
	return page, nil
}

// turns is how often a batch is reread after a conflict with another writer.
const turns = 8

func changing(doing string) error {
	return &video.ServiceUnavailable{Doing: doing, Err: errors.New("the batch was changed by another each time")}
}
