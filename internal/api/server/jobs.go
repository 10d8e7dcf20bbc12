package server

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/api/server/wire"
	"github.com/takeup/takeup/internal/jobs"
	"github.com/takeup/takeup/internal/jobs/view"
	"github.com/takeup/takeup/internal/video"
)

// get returns all that is known of one job.
func (a *API) get(r *http.Request) response {
	view, refused := a.view(r, r.PathValue("id"), a.Jobs.Status)
	if refused != nil {
		return *refused
	}
	return a.show(r, http.StatusOK, view)
}

// view looks a job up, or refuses the request.
func (a *API) view(r *http.Request, id string, look func(context.Context, string) (view.View, error)) (view.View, *response) {
	if !video.ValidID(id) {
		refused := notFound("")
		return view.View{}, &refused
	}
	shown, err := look(r.Context(), id)
	if err != nil {
		refused := failed(id, err, "could not read the job; try again")
		return view.View{}, &refused
	}
	return shown, nil
}

// noURL is the message where signing a URL failed.
const noURL = "the video is stored, but its URL could not be signed; try again"

// show answers with a job.
func (a *API) show(r *http.Request, status int, view view.View) response {
	body, err := a.video(r.Context(), view)
	if err != nil {
		return unavailable(view.ID, err, noURL)
	}
	return response{status: status, job: view.ID, body: body}
}

// video returns a job as the API shows it. The error is of signing a URL.
func (a *API) video(ctx context.Context, view view.View) (api.Video, error) {
	file, err := a.file(ctx, view)
	return wire.Video(view, a.estimate(ctx, view), file), err
}

// file returns the file of a completed job, and nil for another.
func (a *API) file(ctx context.Context, view view.View) (*api.File, error) {
	if view.Manifest == nil {
		return nil, nil
	}
	locator := view.Locator()
	url, err := a.Videos.URL(ctx, locator)
	if err != nil {
		return nil, err
	}
	download, err := a.Videos.DownloadURL(ctx, locator)
	if err != nil {
		return nil, err
	}
	return wire.File(*view.Manifest, url, download, a.Now().Add(a.Videos.Life())), nil
}

// estimate says how much longer a job takes whose generation is running. It returns nil
// for another job.
func (a *API) estimate(ctx context.Context, v view.View) *api.Estimate {
	if !v.Waiting.Estimable() || v.Brief.Model == "" {
		return nil
	}
	elapsed := time.Duration(0)
	if !v.SubmittedAt.IsZero() {
		elapsed = max(0, a.Now().Sub(v.SubmittedAt))
	}
	var usual, left *time.Duration
	if known, ok := a.Estimator.Usual(ctx, v.Brief.Model, v.Brief.Duration); ok {
		usual = &known
	}
	if known, ok := a.Estimator.Left(ctx, v.Brief.Model, v.Brief.Duration, elapsed); ok {
		left = &known
	}
	return wire.Estimate(elapsed, usual, left)
}

// content redirects to the stored file. With redirect=false it returns the file's URLs,
// for a client that would send its token along to S3, which refuses that.
func (a *API) content(r *http.Request) response {
	redirect, refused := flag(r.URL.Query(), api.ParamRedirect, true)
	if refused != nil {
		return *refused
	}
	view, refused := a.view(r, r.PathValue("id"), a.Jobs.File)
	if refused != nil {
		return *refused
	}
	switch {
	case view.Outcome != nil:
		return conflict(view.ID, "it has no video: it ended with "+view.Outcome.Name+": "+view.Outcome.Message, 0)
	case view.State != video.StateCompleted:
		return conflict(view.ID, "its video is not stored yet: it is "+string(view.State)+"; try again later", notYet)
	}
	if !redirect {
		file, err := a.file(r.Context(), view)
		if err != nil {
			return unavailable(view.ID, err, noURL)
		}
		return response{status: http.StatusOK, job: view.ID, body: file}
	}
	sign := a.Videos.DownloadURL
	if r.Method == http.MethodHead {
		sign = a.Videos.HeadURL
	}
	url, err := sign(r.Context(), view.Locator())
	if err != nil {
		return unavailable(view.ID, err, noURL)
	}
	return response{status: http.StatusFound, job: view.ID, header: map[string]string{"Location": url}}
}

// notYet is when to ask again for a file that isn't stored yet.
const notYet = 10 * time.Second

// flag reads a query parameter that is true or false.
func flag(query url.Values, name string, unless bool) (bool, *response) {
	switch {
	case !query.Has(name):
		return unless, nil
	case query.Get(name) == "true":
		return true, nil
	case query.Get(name) == "false":
		return false, nil
	}
	refused := refuseField(http.StatusBadRequest, name, "takes true or false")
	return false, &refused
}

// cancel ends a job, or gives a paid video up.
func (a *API) cancel(r *http.Request) response {
	id := r.PathValue("id")
	discard, refused := flag(r.URL.Query(), api.ParamDiscard, false)
	if refused != nil {
		return *refused
	}
	if !video.ValidID(id) {
		return notFound("")
	}
	view, err := a.Jobs.Cancel(r.Context(), id, discard)
	var not *jobs.NotCancelled
	switch {
	case errors.As(err, &not):
		got := conflict(id, not.Reason, not.RetryAfter)
		if not.Discardable {
			got.problem.message += " (?" + api.ParamDiscard + "=true)"
			got.problem.fields = []video.FieldError{{Field: api.ParamDiscard, Message: "takes true to give up a video that is or may be paid"}}
		}
		return got
	case err != nil:
		return failed(id, err, "it is not known whether the job was cancelled; try again")
	}
	if view.State.Ended() {
		return a.show(r, http.StatusOK, view)
	}
	return a.show(r, http.StatusAccepted, view)
}

// redrive resumes a job that ended without a video.
func (a *API) redrive(r *http.Request) response {
	id := r.PathValue("id")
	if !video.ValidID(id) {
		return notFound("")
	}
	view, err := a.Jobs.Redrive(r.Context(), id)
	var not *jobs.NotRedriven
	switch {
	case errors.As(err, &not):
		return conflict(id, not.Reason, 0)
	case err != nil:
		return failed(id, err, "it is not known whether the job was resumed; get the job to find out")
	}
	return a.resumed(r, view)
}

// retry ends the wait of a job.
func (a *API) retry(r *http.Request) response {
	id := r.PathValue("id")
	if !video.ValidID(id) {
		return notFound("")
	}
	view, err := a.Jobs.Retry(r.Context(), id)
	var not *jobs.NotRetried
	switch {
	case errors.As(err, &not):
		return conflict(id, not.Reason, not.RetryAfter)
	case err != nil:
		return failed(id, err, "it is not known whether the job was retried; try again")
	}
	return a.resumed(r, view)
}

// resumed answers with a job that has another execution now.
func (a *API) resumed(r *http.Request, view view.View) response {
	got := a.show(r, http.StatusAccepted, view)
	if got.problem == nil {
		got.header = map[string]string{api.ExecutionHeader: view.Execution}
	}
	return got
}

// forget clears the texts of a job.
func (a *API) forget(r *http.Request) response {
	id := r.PathValue("id")
	if !video.ValidID(id) {
		return notFound("")
	}
	forgotten, err := a.Jobs.Forget(r.Context(), id)
	var not *jobs.NotForgotten
	switch {
	case errors.As(err, &not):
		return conflict(id, not.Reason, not.RetryAfter)
	case err != nil:
		return failed(id, err, "it is not known whether all of its texts were cleared; try again")
	}
	body, err := a.video(r.Context(), forgotten.View)
	if err != nil {
		return unavailable(id, err, noURL)
	}
	return response{status: http.StatusOK, job: id, body: wire.Forgotten(body, forgotten.Stays)}
}

// failed answers an error of a job: there is none of that id, or AWS failed.
func failed(id string, err error, message string) response {
	var absent *video.NoEntry
	if errors.As(err, &absent) {
		return notFound(id)
	}
	return unavailable(id, err, message)
}
