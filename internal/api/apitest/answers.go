package apitest

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/bucket/objectkey"
	"github.com/takeup/takeup/internal/catalogue"
	"github.com/takeup/takeup/internal/provider/all"
	"github.com/takeup/takeup/internal/video"
)

// answer is the response to a call.
type answer struct {
	status    int
	body      any
	execution string // the header api.ExecutionHeader
}

func ok(body any) answer { return answer{status: http.StatusOK, body: body} }

func refuse(r *http.Request, status int, message string, fields ...video.FieldError) answer {
	body := api.Error{
		Message: api.Message{Text: message}, Fields: fields, Path: r.URL.Path, RequestID: "request-1", StatusCode: status, Timestamp: Created.Format(time.RFC3339),
	}
	if len(fields) > 0 && status == http.StatusBadRequest {
		body.Message = api.Message{}
		for _, f := range fields {
			body.Message.List = append(body.Message.List, f.Field+" "+f.Message)
		}
	}
	return answer{status: status, body: body}
}

// routes are the paths that the fake answers, as patterns of http.ServeMux.
func (s *Server) routes() map[string]func(r *http.Request, body []byte) answer {
	const get, post, remove = "GET ", "POST ", "DELETE "
	return map[string]func(*http.Request, []byte) answer{
		post + api.GenerationsPath: s.create,
		post + api.StatusesPath:    s.statuses,
		post + api.CheckPath:       s.check,
		get + api.VideosPath:       func(r *http.Request, _ []byte) answer { return s.list(r) },
		get + api.ModelsPath:       func(*http.Request, []byte) answer { return ok(s.Models) },
		get + "/models/{name...}":  model,
		get + api.ControlPath:      func(*http.Request, []byte) answer { return ok(s.Control) },
		get + api.UsagePath:        func(*http.Request, []byte) answer { return ok(s.Usage) },
		get + api.ContentPath:      s.about(s.content),
		post + api.ForgetPath:      s.about(s.forget),
		get + api.VideoPath:        s.about(s.next(s.get)),
		remove + api.VideoPath:     s.about(s.next(s.cancel)),
		post + api.RedrivePath:     s.about(s.next(s.redrive)),
		post + api.RetryPath:       s.about(s.next(s.retry)),
		post + api.BatchesPath:     s.createBatch,
		get + api.BatchesPath:      s.listBatches,
		get + api.BatchPath:        s.ofBatch(s.getBatch),
		remove + api.BatchPath:     s.ofBatch(s.cancelBatch),
		post + api.BatchStartPath:  s.ofBatch(s.startBatch),
	}
}

// model answers as the API does, from the real catalogue.
func model(r *http.Request, _ []byte) answer {
	m, known := all.Models().Find(r.PathValue("name"))
	if !known {
		return refuse(r, http.StatusNotFound, "there is no such model here")
	}
	return ok(m.Schema())
}

func (s *Server) create(r *http.Request, body []byte) answer {
	request, err := catalogue.Parse(all.Models(), body)
	var invalid *video.InvalidRequest
	if errors.As(err, &invalid) {
		return refuse(r, http.StatusBadRequest, "", invalid.Fields...)
	}
	key := r.Header.Get(api.IdempotencyKeyHeader)
	id := s.keys[key]
	switch {
	case id != "" && s.jobs[id].request.Hash() != request.Hash():
		return refuse(r, http.StatusUnprocessableEntity, "this Idempotency-Key was used for another request")
	case id == "":
		id = fmt.Sprintf("api-%d", len(s.jobs)+1)
		s.keys[key] = id
		s.add(id, request, s.Script(id, request))
	}
	return ok(api.Generation{ID: id, Status: video.StateQueued})
}

func (s *Server) statuses(r *http.Request, body []byte) answer {
	var asked api.StatusRequest
	if err := json.Unmarshal(body, &asked); err != nil || len(asked.IDs) < 1 || len(asked.IDs) > api.MaxStatuses {
		return refuse(r, http.StatusBadRequest, "", video.FieldError{Field: "ids", Message: fmt.Sprintf("takes a list of 1 to %d ids", api.MaxStatuses)})
	}
	list := api.StatusList{Statuses: []api.Status{}}
	for _, id := range asked.IDs {
		j := s.jobs[id]
		if j == nil {
			continue
		}
		now := j.states[0]
		status := api.Status{ID: id, Status: now.Status}
		switch {
		case now.Error != nil:
			status.Paid, status.Redrivable = &now.Error.Paid, now.Error.Redrivable
		case now.Waiting != nil:
			status.Paid = now.Waiting.Paid
		default:
			status.Paid = new(video.PaidYes)
		}
		list.Statuses = append(list.Statuses, status)
	}
	return ok(list)
}

// check quotes the prices of the fake's models.
func (s *Server) check(r *http.Request, body []byte) answer {
	request, err := catalogue.Parse(all.Models(), body)
	var invalid *video.InvalidRequest
	if errors.As(err, &invalid) {
		return refuse(r, http.StatusBadRequest, "", invalid.Fields...)
	}
	usd := func(perSecond float64) *json.Number {
		return new(json.Number(fmt.Sprintf("%.2f", perSecond*float64(request.Duration()))))
	}
	quote := &api.Quote{
		USD: *usd(0.196), Exact: true, MostUSD: usd(0.196), Basis: "list", Charged: usd(0.196), Source: new(priceSource), Date: new(priceDate),
	}
	switch request.Model() {
	case "klingai/video-v3-pro-text-to-video":
		quote.USD, quote.Exact, quote.MostUSD, quote.Charged = *usd(0.168), false, usd(0.252), nil
	case "klingai/v2-master-text-to-video":
		quote = &api.Quote{USD: *usd(0.25), Basis: "charges", Charged: usd(0.25)}
	case "kling-video/v1/standard/text-to-video":
		quote = nil
	}
	return ok(api.Checked{Request: request, Price: quote})
}

func (s *Server) list(r *http.Request) answer {
	query := r.URL.Query()
	limit := 20
	if query.Has(api.ParamLimit) {
		n, err := strconv.Atoi(query.Get(api.ParamLimit))
		if err != nil || n < 1 || n > api.MaxPage {
			return refuse(r, http.StatusBadRequest, "", video.FieldError{Field: api.ParamLimit, Message: fmt.Sprintf("takes 1 to %d", api.MaxPage)})
		}
		limit = n
	}
	words := query.Get(api.ParamWords)
	page := api.VideoList{Videos: []api.Video{}}
	first := max(0, slices.Index(s.order, query.Get(api.ParamCursor)))
	for _, id := range s.order[first:] {
		now := s.jobs[id].states[0]
		if !listed(now, query) {
			continue
		}
		if len(page.Videos) == limit {
			page.Next = &id
			if words != "" {
				page.SearchedTo = &now.CreatedAt
			}
			break
		}
		now.Request, now.Manifest, now.History = nil, nil, nil
		page.Videos = append(page.Videos, now)
	}
	return ok(page)
}

// listed reports whether a list with this query includes a job.
func listed(v api.Video, query url.Values) bool {
	has := func(value *string, param string) bool {
		return !query.Has(param) || value != nil && *value == query.Get(param)
	}
	status, words := query.Get(api.ParamStatus), strings.ToLower(query.Get(api.ParamWords))
	from, _ := time.Parse(time.RFC3339Nano, query.Get(api.ParamFrom)) // without one, the zero time
	return (status == "" || status == string(v.Status) || status == api.Running && !v.Ended()) &&
		has(v.Model, api.ParamModel) && (!query.Has(api.ParamBatch) || v.Origin != nil && has(v.Origin.Batch, api.ParamBatch)) && has(v.Owner, api.ParamOwner) && !v.CreatedAt.Before(from) &&
		hasPairs(v, query) && (words == "" || v.Prompt != nil && strings.Contains(strings.ToLower(*v.Prompt), words))
}

// hasPairs reports whether a job's metadata has the pairs of a query.
func hasPairs(v api.Video, query url.Values) bool {
	for name := range query {
		key, ok := strings.CutPrefix(name, api.ParamMetadata+".")
		if ok && (v.Request == nil || v.Request.Metadata()[key] != query.Get(name)) {
			return false
		}
	}
	return true
}

// about answers a call about a job.
func (s *Server) about(answers func(*http.Request, string, *job) answer) func(*http.Request, []byte) answer {
	return func(r *http.Request, _ []byte) answer {
		id := r.PathValue("id")
		if s.jobs[id] == nil {
			return refuse(r, http.StatusNotFound, "there is no video with this id")
		}
		return answers(r, id, s.jobs[id])
	}
}

// next answers by a job's current state, and then advances the job to its next state.
func (s *Server) next(answers func(r *http.Request, id string, j *job, now api.Video) answer) func(*http.Request, string, *job) answer {
	return func(r *http.Request, id string, j *job) answer {
		now := j.states[0]
		if len(j.states) > 1 {
			j.states = j.states[1:]
		}
		return answers(r, id, j, now)
	}
}

func (s *Server) get(_ *http.Request, _ string, _ *job, now api.Video) answer { return ok(now) }

func (s *Server) retry(r *http.Request, id string, _ *job, now api.Video) answer {
	if now.Ended() {
		return refuse(r, http.StatusConflict, "it has ended; redrive it to resume it")
	}
	return answer{status: http.StatusAccepted, body: now, execution: id + "-r1"}
}

func (s *Server) redrive(r *http.Request, id string, j *job, now api.Video) answer {
	if now.Error == nil || !now.Error.Redrivable {
		return refuse(r, http.StatusConflict, "its video is stored already, or it can't be helped")
	}
	j.states = []api.Video{s.Video(id, j.request, video.StateGenerating), s.Done(id, j.request, "a video")}
	return answer{status: http.StatusAccepted, body: j.states[0], execution: id + "-r1"}
}

func (s *Server) cancel(r *http.Request, id string, j *job, now api.Video) answer {
	discard := r.URL.Query().Get(api.ParamDiscard) == "true"
	switch {
	case now.Status == video.StateCancelled, now.Status == video.StateDiscarded:
		return ok(now)
	case now.Status == video.StateQueued:
		j.states = []api.Video{s.Without(id, j.request, video.StateCancelled, "Cancelled", "it was cancelled", false)}
		return ok(j.states[0])
	case !discard:
		return refuse(r, http.StatusConflict, "the provider has accepted it and will charge for it",
			video.FieldError{Field: api.ParamDiscard, Message: "is needed to give up a video that is paid"})
	case now.Status == video.StateCompleted:
		j.states = []api.Video{s.Without(id, j.request, video.StateDiscarded, "Discarded", "it was discarded", true)}
		return ok(j.states[0])
	}
	now.Discard = true
	j.states = []api.Video{now}
	return answer{status: http.StatusAccepted, body: now}
}

// content answers a call with redirect=false.
func (s *Server) content(r *http.Request, id string, j *job) answer {
	if s.gone[id] || j.states[0].Video == nil {
		return refuse(r, http.StatusConflict, "it has no video, since it was taken out of the bucket")
	}
	return ok(j.states[0].Video)
}

func (s *Server) forget(r *http.Request, id string, j *job) answer {
	now := j.states[0]
	if !now.Ended() {
		return refuse(r, http.StatusConflict, fmt.Sprintf("it is %s; wait until it has ended, or cancel it, then forget it", now.Status))
	}
	outline, at := j.request.Outline(), now.CreatedAt
	now.Request, now.Prompt, now.ForgottenAt = &outline, nil, &at
	if now.Manifest != nil {
		manifest := now.Manifest.Forget(j.request.Hash(), at)
		now.Manifest = &manifest
	}
	j.states = []api.Video{now}
	return ok(api.Forgotten{Video: now, Stays: []api.Remnant{
		{What: "the input of its first execution", Where: "Step Functions, execution " + id, Until: &at},
		{What: "the video", Where: "the videos bucket, " + objectkey.Video(video.Locator{ID: id, CreatedAt: now.CreatedAt}), Todo: new("discard it")},
	}})
}
