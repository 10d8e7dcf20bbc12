package server

import (
	"errors"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/takeup/takeup/internal/api/tokens"
	"github.com/takeup/takeup/internal/jobs"
	"github.com/takeup/takeup/internal/video"
)

// defaultPage is how many videos a page has where nobody says.
const defaultPage = 20

// list gives a page of the videos.
func (a *API) list(r *http.Request) answer {
	q, wrong := listed(r.URL.Query())
	if len(wrong) > 0 {
		return refuseFields(wrong)
	}
	page, err := a.Jobs.List(r.Context(), q)
	var bad *jobs.BadCursor
	switch {
	case errors.As(err, &bad):
		return refuseField(http.StatusBadRequest, "cursor", "%s; begin again without one", bad.Reason)
	case err != nil:
		return unavailable("", err, "the videos can't be listed at the moment; ask again")
	}
	bodies, err := a.videos(r.Context(), page.Views)
	if err != nil {
		return unavailable("", err, "no URLs could be made for the videos; ask again")
	}
	body := videoList{Videos: bodies, SearchedTo: known(page.Searched)}
	if page.Next != "" {
		body.Next = &page.Next
	}
	return answer{status: http.StatusOK, body: body}
}

// running asks for the jobs that are queued or generating.
const running = "running"

// What is wrong with the model, and with the owner, that something is asked for by.
const (
	unknownModel = "is not one that Takeup knows; GET /models lists them"
	unknownOwner = "is not the name of a token; takeup token list shows them"
)

// longestWords is the most that prompts are searched for, in characters.
const longestWords = 200

// listed reads what the videos are asked for by, and names each parameter that is
// wrong.
func listed(query url.Values) (jobs.Query, []video.FieldError) {
	q := jobs.Query{Limit: defaultPage, Cursor: query.Get("cursor")}
	var wrong []video.FieldError
	no := func(field, message string) { wrong = append(wrong, video.FieldError{Field: field, Message: message}) }
	if query.Has("status") {
		switch state := video.State(query.Get("status")); {
		case slices.Contains(video.States(), state):
			q.States = []video.State{state}
		case state == running:
			q.States = []video.State{video.StateQueued, video.StateGenerating}
		default:
			no("status", "is not a status; it takes "+words(video.States())+"; or "+running+", for those that are queued or generating")
		}
	}
	if query.Has("model") {
		model, ok := video.FindModel(query.Get("model"))
		if !ok {
			no("model", unknownModel)
		}
		q.Model = model.Name
	}
	if q.Owner = query.Get("owner"); query.Has("owner") && !tokens.ValidName(q.Owner) {
		no("owner", unknownOwner)
	}
	if q.Words = strings.TrimSpace(query.Get("q")); query.Has("q") && (q.Words == "" || utf8.RuneCountInString(q.Words) > longestWords || !utf8.ValidString(q.Words)) {
		no("q", "takes words of the prompt, of 1 to "+strconv.Itoa(longestWords)+" characters")
	}
	for name, at := range map[string]*time.Time{"from": &q.From, "to": &q.To} {
		var ok bool
		if *at, ok = moment(query.Get(name)); !ok && query.Has(name) {
			no(name, "takes a time such as 2026-08-21T12:00:00Z, or a day such as 2026-08-21, which is one in UTC")
		}
	}
	if query.Has("limit") {
		n, err := strconv.Atoi(query.Get("limit"))
		if err != nil || n < 1 || n > jobs.MaxPage {
			no("limit", "takes a whole number from 1 to "+strconv.Itoa(jobs.MaxPage))
		}
		q.Limit = n
	}
	if query.Has("cursor") && q.Cursor == "" {
		no("cursor", "is empty; leave it out to begin with the newest")
	}
	slices.SortStableFunc(wrong, func(a, b video.FieldError) int { return strings.Compare(a.Field, b.Field) })
	return q, wrong
}

// moment reads a time, or the beginning of a day in UTC, of four digits' years.
func moment(s string) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339Nano, time.DateOnly} {
		if at, err := time.Parse(layout, s); err == nil && at.UTC().Year() > 0 && at.UTC().Year() < 10000 {
			return at, true
		}
	}
	return time.Time{}, false
}

func words(states []video.State) string {
	names := make([]string, len(states))
	for i, state := range states {
		names[i] = string(state)
	}
	return strings.Join(names[:len(names)-1], ", ") + " or " + names[len(names)-1]
}

// get gives all that is known of one video.
func (a *API) get(r *http.Request) answer {
	view, refused := a.view(r, r.PathValue("id"), a.Jobs.Status)
	if refused != nil {
		return *refused
	}
	return a.show(r, http.StatusOK, view)
}

// show answers with a video.
func (a *API) show(r *http.Request, status int, view jobs.View) answer {
	bodies, err := a.videos(r.Context(), []jobs.View{view})
	if err != nil {
		return unavailable(view.ID, err, "the video is stored, and no URL could be made for it; ask again")
	}
	return answer{status: status, job: view.ID, body: bodies[0]}
}

// content leads to the stored file, or gives its URLs to a client that would take
// its Authorization along to S3, which then refuses it.
func (a *API) content(r *http.Request) answer {
	redirect := true
	if query := r.URL.Query(); query.Has("redirect") {
		switch query.Get("redirect") {
		case "true":
		case "false":
			redirect = false
		default:
			return refuseField(http.StatusBadRequest, "redirect", "takes true or false")
		}
	}
	view, refused := a.view(r, r.PathValue("id"), a.Jobs.File)
	if refused != nil {
		return *refused
	}
	switch {
	case view.Outcome != nil:
		return conflict(view.ID, "it has no video, since it ended with "+view.Outcome.Name+": "+view.Outcome.Message, 0)
	case view.State != video.StateCompleted:
		return conflict(view.ID, "its video is not there yet; it is "+string(view.State)+", ask again", lookAgain)
	}
	if !redirect {
		body, err := a.video(r.Context(), view)
		if err != nil {
			return unavailable(view.ID, err, "the video is stored, and no URL could be made for it; ask again")
		}
		return answer{status: http.StatusOK, job: view.ID, body: body.Video}
	}
	sign := a.Videos.DownloadURL
	if r.Method == http.MethodHead {
		sign = a.Videos.HeadURL
	}
	url, err := sign(r.Context(), view.ID)
	if err != nil {
		return unavailable(view.ID, err, "the video is stored, and no URL could be made for it; ask again")
	}
	return answer{status: http.StatusFound, job: view.ID, header: map[string]string{"Location": url}}
}

// lookAgain is how long who asks for a file waits that isn't there yet.
const lookAgain = 10 * time.Second

// cancel ends a job, or gives a paid video up.
func (a *API) cancel(r *http.Request) answer {
	id, discard := r.PathValue("id"), false
	if query := r.URL.Query(); query.Has("discard") {
		switch query.Get("discard") {
		case "true":
			discard = true
		case "false":
		default:
			return refuseField(http.StatusBadRequest, "discard", "takes true or false")
		}
	}
	if !video.ValidID(id) {
		return notFound("")
	}
	view, err := a.Jobs.Cancel(r.Context(), id, discard)
	var absent *video.NoEntry
	var not *jobs.NotCancelled
	switch {
	case errors.As(err, &absent):
		return notFound(id)
	case errors.As(err, &not):
		got := conflict(id, not.Reason, not.RetryAfter)
		if not.Discardable {
			got.problem.said += " (?discard=true)"
			got.problem.fields = []video.FieldError{{Field: "discard", Message: "takes true to give up a video that is or may be paid"}}
		}
		return got
	case err != nil:
		return unavailable(id, err, "whether the job was cancelled is not known; ask again")
	}
	if view.State.Ended() {
		return a.show(r, http.StatusOK, view)
	}
	return a.show(r, http.StatusAccepted, view)
}

// redrive goes on with a job.
func (a *API) redrive(r *http.Request) answer {
	id := r.PathValue("id")
	if !video.ValidID(id) {
		return notFound("")
	}
	view, err := a.Jobs.Redrive(r.Context(), id)
	var absent *video.NoEntry
	var not *jobs.NotRedriven
	switch {
	case errors.As(err, &absent):
		return notFound(id)
	case errors.As(err, &not):
		return conflict(id, not.Reason, 0)
	case err != nil:
		return unavailable(id, err, "whether the job goes on is not known; ask for it")
	}
	return a.goesOn(r, view)
}

// goesOn answers with a job that another execution goes on with.
func (a *API) goesOn(r *http.Request, view jobs.View) answer {
	got := a.show(r, http.StatusAccepted, view)
	if got.problem == nil {
		got.header = map[string]string{"X-Execution-Name": view.Execution}
	}
	return got
}

// retry has a job that waits tried now.
func (a *API) retry(r *http.Request) answer {
	id := r.PathValue("id")
	if !video.ValidID(id) {
		return notFound("")
	}
	view, err := a.Jobs.Retry(r.Context(), id)
	var absent *video.NoEntry
	var not *jobs.NotRetried
	switch {
	case errors.As(err, &absent):
		return notFound(id)
	case errors.As(err, &not):
		return conflict(id, not.Reason, not.RetryAfter)
	case err != nil:
		return unavailable(id, err, "whether the job is tried now is not known; ask again")
	}
	return a.goesOn(r, view)
}

// conflict refuses what the job's state doesn't allow.
func conflict(id, reason string, retryAfter time.Duration) answer {
	got := refuse(http.StatusConflict, "%s", reason)
	got.job = id
	if retryAfter > 0 {
		got.header = map[string]string{"Retry-After": strconv.Itoa(int(math.Ceil(retryAfter.Seconds())))}
	}
	return got
}
