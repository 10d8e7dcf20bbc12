package server

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"iter"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/api/server/reply"
	"github.com/takeup/takeup/internal/api/server/wire"
	"github.com/takeup/takeup/internal/batch/batchfile"
	"github.com/takeup/takeup/internal/batch/record"
	"github.com/takeup/takeup/internal/batches"
	"github.com/takeup/takeup/internal/bucket/objectkey"
	"github.com/takeup/takeup/internal/jobs"
	"github.com/takeup/takeup/internal/jobs/listing"
	"github.com/takeup/takeup/internal/video"
)

// Batches makes batches, looks them up and changes them. Besides the errors that a method
// names, each can return a *video.ServiceUnavailable.
type Batches interface {
	// Create makes a batch whose file is to be uploaded. The error is a
	// *video.InvalidRequest or a *batches.NotStarted.
	Create(context.Context, batches.Order) (batches.View, error)
	// Get returns a batch. The error is a *record.NoBatch.
	Get(ctx context.Context, id string) (batches.View, error)
	// List returns a page of the batches. The error is a *listing.BadCursor.
	List(ctx context.Context, limit int, cursor string) (batches.Page, error)
	// Start begins a run. The error is a *record.NoBatch or a *batches.NotStarted.
	Start(ctx context.Context, id string, skipInvalid bool) (batches.View, error)
	// Cancel ends all jobs that aren't submitted. The error is a *record.NoBatch.
	Cancel(ctx context.Context, id string) (batches.Cancelled, error)
	// Refresh brings the stored results of a batch that has ended up to date. The error is a
	// *record.NoBatch.
	Refresh(ctx context.Context, id string) error
	// Results yields what became of each video.
	Results(ctx context.Context, id string) iter.Seq2[batchfile.Result, error]
}

// createBatch makes a batch, and returns it with a form for its file.
func (a *API) createBatch(r *http.Request) reply.Response {
	key, refused := reply.ReadKey(r)
	if refused != nil {
		return *refused
	}
	given, refused := reply.ReadObject(r, `{"name": "spring", "format": "csv"}`)
	if refused != nil {
		return *refused
	}
	order, again, wrong := orderOf(given)
	if len(wrong) > 0 {
		return reply.RefuseFields(wrong)
	}
	order.Owner = r.Header.Get(reply.OwnerHeader)
	if again {
		var err error
		if order.Again, err = a.again(order.Owner, key); err != nil {
			return reply.Unavailable("", err, "could not create an id for the batch; try again")
		}
	}
	form, err := a.Uploads.Form(r.Context(), objectkey.BatchUpload(batches.IDOf(order.Name, order.Again), string(order.Format)), batchfile.MaxBytes)
	if err != nil {
		return reply.Unavailable("", err, "could not sign a form for the upload; try again")
	}
	order.UploadUntil = form.ExpiresAt
	view, err := a.Batches.Create(r.Context(), order)
	var invalid *video.InvalidRequest
	if errors.As(err, &invalid) {
		return reply.RefuseFields(invalid.Fields)
	}
	if err != nil {
		return noBatch(err, "could not create the batch; try again")
	}
	return reply.Response{Status: http.StatusAccepted, Batch: view.ID, Body: api.BatchUpload{Batch: wire.Batch(view), Upload: form}}
}

// again returns what tells a batch whose videos are all made again from the others of its
// name. Requests with the same Idempotency-Key are one batch.
func (a *API) again(owner, key string) (string, error) {
	if key != "" {
		return jobs.IDFromKey("again", owner, key), nil
	}
	return jobs.RandomID("again", a.Random)
}

// orderOf reads an api.BatchRequest, and names each field of the wrong type.
func orderOf(given map[string]any) (order batches.Order, again bool, wrong []video.FieldError) {
	var format string
	for name, read := range map[string]func(any) (string, bool){
		"name":         into(&order.Name, "takes a text"),
		"format":       into(&format, "takes csv or jsonl"),
		"skip_invalid": into(&order.SkipInvalid, "takes true or false"),
		"again":        into(&again, "takes true or false"),
		"defaults":     into(&order.Defaults, "takes an object of a request's fields"),
		"at_once":      whole(&order.AtOnce),
		"max_lines":    whole(&order.MaxLines),
	} {
		value, there := given[name]
		delete(given, name)
		if !there || value == nil {
			continue
		}
		if message, ok := read(value); !ok {
			wrong = append(wrong, video.FieldError{Field: name, Message: message})
		}
	}
	if len(given) > 0 {
		wrong = append(wrong, video.FieldError{Message: "the request takes no field but name, format, at_once, skip_invalid, again, max_lines and defaults"})
	}
	slices.SortFunc(wrong, func(a, b video.FieldError) int { return strings.Compare(a.Field, b.Field) })
	order.Format = batchfile.Format(format)
	return order, again, wrong
}

// into returns a function that reads a value of T, or says what the field takes.
func into[T any](to *T, takes string) func(any) (string, bool) {
	return func(value any) (string, bool) {
		read, ok := value.(T)
		*to = read
		return takes, ok
	}
}

// whole returns a function that reads a whole number of at least 1.
func whole(to *int) func(any) (string, bool) {
	return func(value any) (string, bool) {
		number, _ := value.(json.Number)
		n, err := strconv.Atoi(number.String())
		*to = n
		return "takes a whole number of at least 1", err == nil && n > 0
	}
}

// listBatches returns a page of the batches.
func (a *API) listBatches(r *http.Request) reply.Response {
	query := r.URL.Query()
	limit, wrong := reply.ReadLimit(query)
	wrong = append(wrong, reply.CheckCursor(query)...)
	if len(wrong) > 0 {
		return reply.RefuseFields(wrong)
	}
	page, err := a.Batches.List(r.Context(), limit, query.Get(api.ParamCursor))
	var bad *listing.BadCursor
	switch {
	case errors.As(err, &bad):
		return reply.RefuseField(http.StatusBadRequest, api.ParamCursor, "%s; start again without one", bad.Reason)
	case err != nil:
		return reply.Unavailable("", err, "could not list the batches; try again")
	}
	body := api.BatchList{Batches: make([]api.Batch, len(page.Views))}
	for i, view := range page.Views {
		body.Batches[i] = wire.Batch(view)
	}
	if page.Next != "" {
		body.Next = &page.Next
	}
	return reply.Response{Status: http.StatusOK, Body: body}
}

// batch returns all that is known of one batch.
func (a *API) batch(r *http.Request) reply.Response {
	view, err := a.Batches.Get(r.Context(), r.PathValue("id"))
	if err != nil {
		return noBatch(err, "could not read the batch; try again")
	}
	return reply.Response{Status: http.StatusOK, Batch: view.ID, Body: wire.Batch(view)}
}

// startBatch begins a run of a batch. The body may be empty.
func (a *API) startBatch(r *http.Request) reply.Response {
	var skipInvalid bool
	if r.ContentLength != 0 {
		given, refused := reply.ReadObject(r, `{"skip_invalid": true}`)
		if refused != nil {
			return *refused
		}
		message, ok := into(&skipInvalid, "takes true or false")(given["skip_invalid"])
		if _, there := given["skip_invalid"]; there && !ok {
			return reply.RefuseField(http.StatusBadRequest, "skip_invalid", "%s", message)
		}
		if delete(given, "skip_invalid"); len(given) > 0 {
			return reply.Refuse(http.StatusBadRequest, "the request takes no field but skip_invalid")
		}
	}
	view, err := a.Batches.Start(r.Context(), r.PathValue("id"), skipInvalid)
	if err != nil {
		return noBatch(err, "it is not known whether the batch was started; get the batch to find out")
	}
	return reply.Response{Status: http.StatusAccepted, Batch: view.ID, Body: wire.Batch(view)}
}

// cancelBatch ends all videos of a batch that aren't submitted.
func (a *API) cancelBatch(r *http.Request) reply.Response {
	report, err := a.Batches.Cancel(r.Context(), r.PathValue("id"))
	if err != nil {
		return noBatch(err, "not all of the batch is cancelled yet; try again")
	}
	return reply.Response{Status: http.StatusOK, Batch: report.ID, Body: wire.BatchCancelled(report)}
}

// maxResults is the largest file of results that is made for a request. Lambda replies with
// at most 6 MB of JSON, in which the quotes of the file are escaped.
// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
const maxResults = 4 << 20

// batchResults redirects to the stored results of a batch that has ended, or returns their URL
// with redirect=false. Before the end, it makes them from what is known now.
func (a *API) batchResults(r *http.Request) reply.Response {
	format, kind := r.URL.Query().Get(api.ParamFormat), "text/csv; charset=utf-8"
	switch format {
	case "":
		format = api.BatchCSV
	case api.BatchCSV:
	case api.BatchJSONL:
		kind = "application/x-ndjson"
	default:
		return reply.RefuseField(http.StatusBadRequest, api.ParamFormat, "takes csv or jsonl")
	}
	redirect, refused := reply.ReadFlag(r.URL.Query(), api.ParamRedirect, true)
	if refused != nil {
		return *refused
	}
	view, err := a.Batches.Get(r.Context(), r.PathValue("id"))
	switch {
	case err != nil:
		return noBatch(err, "could not read the batch; try again")
	case view.PlannedAt.IsZero():
		got := reply.Conflict("", "it is not planned, so there are no results; get the batch to see why", notYet)
		got.Batch = view.ID
		return got
	case view.State == record.Ended:
		if err := a.Batches.Refresh(r.Context(), view.ID); err != nil {
			return noBatch(err, "could not bring the results up to date; try again")
		}
		url, err := a.Videos.ResultsURL(r.Context(), view.ID, format)
		if err != nil {
			return reply.Unavailable("", err, "the results are stored, but their URL could not be signed; try again")
		}
		if !redirect {
			return reply.Response{Status: http.StatusOK, Batch: view.ID, Body: api.BatchResults{DownloadURL: url}}
		}
		return reply.Response{Status: http.StatusFound, Batch: view.ID, Header: map[string]string{"Location": url}}
	}
	file, err := results(a.Batches.Results(r.Context(), view.ID), format)
	var long *tooLong
	switch {
	case errors.As(err, &long):
		got := reply.Refuse(http.StatusConflict, "the batch has too many videos to make its results now; get them once it has ended, or list its videos with GET %s?%s=%s", api.VideosPath, api.ParamBatch, view.ID)
		got.Batch = view.ID
		return got
	case err != nil:
		return noBatch(err, "could not read the results; try again")
	}
	return reply.Response{Status: http.StatusOK, Batch: view.ID, File: file, Header: map[string]string{
		"Content-Type": kind, "Content-Disposition": `attachment; filename="results.` + format + `"`,
	}}
}

// tooLong says that a file of results has more than maxResults.
type tooLong struct{}

func (*tooLong) Error() string { return "the results are larger than a reply can be" }

// limited is a buffer that returns a *tooLong when it has more than maxResults.
type limited struct{ bytes.Buffer }

func (l *limited) Write(p []byte) (int, error) {
	if l.Len()+len(p) > maxResults {
		return 0, &tooLong{}
	}
	return l.Buffer.Write(p)
}

// results returns a file of results.
func results(all iter.Seq2[batchfile.Result, error], format string) ([]byte, error) {
	file := &limited{}
	writer := batchfile.NewResultsJSONL(file)
	if format == api.BatchCSV {
		var err error
		if writer, err = batchfile.NewResultsCSV(file); err != nil {
			return nil, err
		}
	}
	for result, err := range all {
		if err == nil {
			err = writer.Write(result)
		}
		if err != nil {
			return nil, err
		}
	}
	err := writer.Flush()
	return file.Bytes(), err
}

// noBatch answers an error of a batch: there is none of that id, its state doesn't allow it,
// or AWS failed.
func noBatch(err error, message string) reply.Response {
	var absent *record.NoBatch
	var not *batches.NotStarted
	switch {
	case errors.As(err, &absent):
		return reply.Refuse(http.StatusNotFound, "there is no batch with this id; GET %s lists the batches", api.BatchesPath)
	case errors.As(err, &not):
		got := reply.Refuse(http.StatusConflict, "%s", not.Reason)
		got.Batch = not.ID
		return got
	}
	return reply.Unavailable("", err, message)
}
