package runfiles

import (
	"bytes"
	"context"
	"encoding/json"

	"github.com/takeup/takeup/internal/batch"
	"github.com/takeup/takeup/internal/batch/record"
	"github.com/takeup/takeup/internal/bucket/objectkey"
	"github.com/takeup/takeup/internal/video"
)

// Item is a video of a plan, as the Map of the state machine reads it. It has an id and no
// text. Its request is the line of the file of requests that begins at At and has Size bytes.
type Item struct {
	ID   string `json:"id"`
	Line int    `json:"line"` // of the file
	Copy int    `json:"copy"` // from 1, of the line's
	At   int64  `json:"at"`
	Size int    `json:"size"`
}

// Line is a line of the file of requests, as it is read.
type Line struct {
	Label   string        `json:"label"`
	Request video.Request `json:"request"`
}

// maxLine is the longest line of the file of requests, in bytes. JSON may escape each
// character of a request.
const maxLine = 8 * video.MaxRequestBytes

// Readable reports whether the item can be of a plan.
func (i Item) Readable() bool { return i.Size >= 1 && i.Size <= maxLine && i.At >= 0 }

// TodoKey returns the key of the items that the Map of the state machine looks after.
func TodoKey(b record.Batch) string { return objectkey.BatchRun(b.ID, b.Run, objectkey.BatchTodo) }

func linesKey(b record.Batch) string { return objectkey.BatchRun(b.ID, b.Run, objectkey.BatchLines) }
func requestsKey(b record.Batch) string {
	return objectkey.BatchRun(b.ID, b.Run, objectkey.BatchRequests)
}

// PlanWriter writes a plan's files. It keeps the first error.
type PlanWriter struct {
	all, todo, requests Writer
	at                  int64
	err                 error
}

// CreatePlan begins to write the files of a run's plan.
func CreatePlan(ctx context.Context, files Store, b record.Batch) *PlanWriter {
	const jsonLines = "application/x-ndjson"
	return &PlanWriter{
		all:      files.Create(ctx, linesKey(b), jsonLines),
		todo:     files.Create(ctx, TodoKey(b), jsonLines),
		requests: files.Create(ctx, requestsKey(b), jsonLines),
	}
}

// Write writes a line and its videos.
func (w *PlanWriter) Write(p batch.Planned) {
	var request bytes.Buffer
	encoder := json.NewEncoder(&request)
	encoder.SetEscapeHTML(false)
	w.keep(encoder.Encode(struct {
		Label   string          `json:"label,omitempty"`
		Request json.RawMessage `json:"request"` // with the webhook's URL
	}{p.Label, p.Request.Whole()}))
	size := request.Len() - 1 // without the line's end
	w.write(w.requests, request.Bytes())
	for i, id := range p.IDs {
		item, err := json.Marshal(Item{ID: id, Line: p.Number, Copy: i + 1, At: w.at, Size: size})
		w.keep(err)
		item = append(item, '\n')
		w.write(w.all, item)
		switch p.What[i] {
		case batch.New, batch.Resume, batch.Running:
			w.write(w.todo, item)
		}
	}
	w.at += int64(size) + 1
}

func (w *PlanWriter) keep(err error) {
	if w.err == nil {
		w.err = err
	}
}

func (w *PlanWriter) write(to Writer, line []byte) {
	if w.err == nil {
		_, w.err = to.Write(line)
	}
}

// Close ends the files.
func (w *PlanWriter) Close() error {
	for _, file := range []Writer{w.requests, w.all, w.todo} {
		if w.err == nil {
			w.err = file.Close()
		}
	}
	return w.err
}

// Abort gives the files up that are not closed.
func (w *PlanWriter) Abort() {
	for _, file := range []Writer{w.requests, w.all, w.todo} {
		file.Abort()
	}
}

// ReadLine reads the line of an item's request. The error is a *video.ServiceUnavailable.
func ReadLine(ctx context.Context, files Store, b record.Batch, item Item) (Line, error) {
	text, err := files.Range(ctx, requestsKey(b), item.At, item.Size)
	if err != nil {
		return Line{}, err
	}
	var p Line
	if err := json.Unmarshal(text, &p); err != nil {
		return Line{}, &video.ServiceUnavailable{Doing: "reading a request of a batch", Err: err}
	}
	return p, nil
}
