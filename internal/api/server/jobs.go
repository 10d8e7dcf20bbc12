package server

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"
	"unicode"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/api/server/reply"
	"github.com/takeup/takeup/internal/api/server/wire"
	"github.com/takeup/takeup/internal/jobs"
	"github.com/takeup/takeup/internal/jobs/view"
	"github.com/takeup/takeup/internal/video"
)

// get returns all that is known of one job.
func (a *API) get(r *http.Request) reply.Response {
	view, refused := a.view(r, r.PathValue("id"), a.Jobs.Status)
	if refused != nil {
		return *refused
	}
	return a.show(r, http.StatusOK, view)
}

// view looks a job up, or refuses the request.
func (a *API) view(r *http.Request, id string, look func(context.Context, string) (view.View, error)) (view.View, *reply.Response) {
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
func (a *API) show(r *http.Request, status int, view view.View) reply.Response {
	body, err := a.video(r.Context(), view)
	if err != nil {
		return reply.Unavailable(view.ID, err, noURL)
	}
	return reply.Response{Status: status, Job: view.ID, Body: body}
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
	at := api.File{S3URI: a.Videos.URI(locator), ExpiresAt: a.Now().Add(a.Videos.Life())}
	var err error
	if at.URL, err = a.Videos.URL(ctx, locator); err != nil {
		return nil, err
	}
	if at.DownloadURL, err = a.Videos.DownloadURL(ctx, locator, fileName(view)); err != nil {
		return nil, err
	}
	if view.Manifest.Poster {
		poster, err := a.Videos.PosterURL(ctx, locator)
		if err != nil {
			return nil, err
		}
		at.PosterURL = &poster
	}
	return wire.File(*view.Manifest, at), nil
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
func (a *API) content(r *http.Request) reply.Response {
	redirect, refused := reply.ReadFlag(r.URL.Query(), api.ParamRedirect, true)
	if refused != nil {
		return *refused
	}
	view, refused := a.view(r, r.PathValue("id"), a.Jobs.File)
	if refused != nil {
		return *refused
	}
	switch {
	case view.Outcome != nil:
		return reply.Conflict(view.ID, "it has no video: it ended with "+view.Outcome.Name+": "+view.Outcome.Message, 0)
	case view.State != video.StateCompleted:
		return reply.Conflict(view.ID, "its video is not stored yet: it is "+string(view.State)+"; try again later", notYet)
	}
	if !redirect {
		file, err := a.file(r.Context(), view)
		if err != nil {
			return reply.Unavailable(view.ID, err, noURL)
		}
		return reply.Response{Status: http.StatusOK, Job: view.ID, Body: file}
	}
	sign := a.Videos.DownloadURL
	if r.Method == http.MethodHead {
		sign = a.Videos.HeadURL
	}
	url, err := sign(r.Context(), view.Locator(), fileName(view))
	if err != nil {
		return reply.Unavailable(view.ID, err, noURL)
	}
	return reply.Response{Status: http.StatusFound, Job: view.ID, Header: map[string]string{"Location": url}}
}

// notYet is when to ask again for a file that isn't stored yet.
const notYet = 10 * time.Second

// cancel ends a job, or gives a paid video up.
func (a *API) cancel(r *http.Request) reply.Response {
	id := r.PathValue("id")
	discard, refused := reply.ReadFlag(r.URL.Query(), api.ParamDiscard, false)
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
		got := reply.Conflict(id, not.Reason, not.RetryAfter)
		if not.Discardable {
			got.Problem.Message += " (?" + api.ParamDiscard + "=true)"
			got.Problem.Fields = []video.FieldError{{Field: api.ParamDiscard, Message: "takes true to give up a video that is or may be paid"}}
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
func (a *API) redrive(r *http.Request) reply.Response {
	id := r.PathValue("id")
	if !video.ValidID(id) {
		return notFound("")
	}
	view, err := a.Jobs.Redrive(r.Context(), id)
	var not *jobs.NotRedriven
	switch {
	case errors.As(err, &not):
		return reply.Conflict(id, not.Reason, 0)
	case err != nil:
		return failed(id, err, "it is not known whether the job was resumed; get the job to find out")
	}
	return a.resumed(r, view)
}

// retry ends the wait of a job.
func (a *API) retry(r *http.Request) reply.Response {
	id := r.PathValue("id")
	if !video.ValidID(id) {
		return notFound("")
	}
	view, err := a.Jobs.Retry(r.Context(), id)
	var not *jobs.NotRetried
	switch {
	case errors.As(err, &not):
		return reply.Conflict(id, not.Reason, not.RetryAfter)
	case err != nil:
		return failed(id, err, "it is not known whether the job was retried; try again")
	}
	return a.resumed(r, view)
}

// resumed answers with a job that has another execution now.
func (a *API) resumed(r *http.Request, view view.View) reply.Response {
	got := a.show(r, http.StatusAccepted, view)
	if got.Problem == nil {
		got.Header = map[string]string{api.ExecutionHeader: view.Execution}
	}
	return got
}

// forget clears the texts of a job.
func (a *API) forget(r *http.Request) reply.Response {
	id := r.PathValue("id")
	if !video.ValidID(id) {
		return notFound("")
	}
	forgotten, err := a.Jobs.Forget(r.Context(), id)
	var not *jobs.NotForgotten
	switch {
	case errors.As(err, &not):
		return reply.Conflict(id, not.Reason, not.RetryAfter)
	case err != nil:
		return failed(id, err, "it is not known whether all of its texts were cleared; try again")
	}
	body, err := a.video(r.Context(), forgotten.View)
	if err != nil {
		return reply.Unavailable(id, err, noURL)
	}
	return reply.Response{Status: http.StatusOK, Job: id, Body: wire.Forgotten(body, forgotten.Stays)}
}

// failed answers an error of a job: there is none of that id, or AWS failed.
func failed(id string, err error, message string) reply.Response {
	var absent *video.NoEntry
	if errors.As(err, &absent) {
		return notFound(id)
	}
	return reply.Unavailable(id, err, message)
}

func notFound(id string) reply.Response {
	got := reply.Refuse(http.StatusNotFound, "there is no video with this id; use the id from the POST's reply")
	got.Job = id
	return got
}

// fileName names the file of a job's video for people: its date, and its label or the beginning
// of its prompt. It is the id for a job that has neither.
func fileName(v view.View) string {
	const longest = 60
	text := v.Origin.Label
	if text == "" {
		text = v.Brief.Prompt
	}
	words := strings.FieldsFunc(text, func(c rune) bool { return !unicode.IsLetter(c) && !unicode.IsDigit(c) && !unicode.IsMark(c) })
	name := []rune(strings.Join(words, "-"))
	if len(name) == 0 {
		return v.ID
	}
	return v.CreatedAt.UTC().Format(time.DateOnly) + "-" + strings.TrimRight(string(name[:min(len(name), longest)]), "-")
}
