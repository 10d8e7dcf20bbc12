package server

// This file is the façade of AI/ML API: the paths, the replies and the statuses that
// a client knows which was written for AI/ML API. Behind them are jobs: an id is a
// job's id, and a video's URL is one of the videos bucket. Nothing else in this
// package knows them, except that the list of models has AI/ML API's shape at
// api.ModelsPath too.

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/api/server/reply"
	"github.com/takeup/takeup/internal/caps"
	"github.com/takeup/takeup/internal/jobs"
	"github.com/takeup/takeup/internal/jobs/view"
	"github.com/takeup/takeup/internal/provider/aimlapi"
	"github.com/takeup/takeup/internal/video"
)

// aimlapi returns the façade's paths.
func (a *API) aimlapi() map[string]methods {
	return map[string]methods{
		api.GenerationsPath:     {"POST": a.create(http.StatusOK), "GET": a.retrieve},
		api.KlingGenerationPath: {"POST": a.create(http.StatusCreated), "GET": a.retrieve},
		api.AIMLAPIModelsPath:   {"GET": a.models},
	}
}

// create starts a job, and answers that it is queued. The same Idempotency-Key with
// the same request gets the same answer, whatever has become of the job since.
func (a *API) create(created int) func(*http.Request) reply.Response {
	return func(r *http.Request) reply.Response {
		key, refused := reply.ReadKey(r)
		if refused != nil {
			return *refused
		}
		request, refused := reply.ReadRequest(r, a.Local)
		if refused != nil {
			return *refused
		}
		from := video.Origin{Trigger: video.TriggerAPI, Token: r.Header.Get(reply.OwnerHeader)}
		if key == "" {
			return a.send(r, request, from, created)
		}
		return a.start(r, request, from, key, created)
	}
}

// start starts the job of an Idempotency-Key. The keys of one owner are not those of
// another.
func (a *API) start(r *http.Request, request video.Request, from video.Origin, key string, created int) reply.Response {
	id := jobs.IDFromKey("api", from.Token, key)
	receipt, err := a.Jobs.Start(r.Context(), id, request, from)
	var other *jobs.Mismatch
	var full *caps.Refused
	switch {
	case errors.As(err, &full):
		return overCap(full)
	case errors.As(err, &other):
		// 422, as the draft of the header has it.
		return reply.RefuseField(http.StatusUnprocessableEntity, api.IdempotencyKeyHeader, "was used for another request; nothing was started: use a new key for a new request, or send the first request again unchanged")
	case err != nil:
		return reply.Unavailable(id, err, "the request may or may not have been taken; send the request again with the same Idempotency-Key")
	}
	return queued(created, receipt.ID)
}

// send starts a job for a request without an Idempotency-Key.
func (a *API) send(r *http.Request, request video.Request, from video.Origin, created int) reply.Response {
	id, err := jobs.RandomID("api", a.Random)
	if err != nil {
		return reply.Unavailable("", err, "could not create an id for the request, and nothing was started; send it again")
	}
	receipt, err := a.Jobs.Send(r.Context(), jobs.Post{ID: id, At: a.received(r), Retry: retries(r)}, request, from)
	var full *caps.Refused
	switch {
	case errors.As(err, &full):
		return overCap(full)
	case err != nil && receipt.ID == "":
		return reply.Unavailable("", err, "the request was not taken; send it again")
	case err != nil:
		return reply.Unavailable(receipt.ID, err, "the request may or may not have been taken; ask for "+api.ParamGenerationID+"="+receipt.ID+" before sending it again, and use an Idempotency-Key to be safe")
	}
	return queued(created, receipt.ID)
}

// overCap answers 403, as AI/ML API does for an account that is out of credits.
func overCap(why *caps.Refused) reply.Response {
	return reply.Refuse(http.StatusForbidden, "%s", why.Error())
}

func queued(created int, id string) reply.Response {
	return reply.Response{Status: created, Job: id, Body: generation(view.View{ID: id, State: video.StateQueued}, "")}
}

// retries returns how often a client says that it has sent the request before. AI/ML
// API's SDK says so, as every SDK does that Stainless generates. Something other than
// a count is ignored.
// https://github.com/openai/openai-python/blob/main/src/openai/_base_client.py
func retries(r *http.Request) int {
	n, err := strconv.ParseUint(r.Header.Get(api.RetryCountHeader), 10, 16)
	if err != nil {
		return 0
	}
	return int(n)
}

// received returns when API Gateway received a request.
func (a *API) received(r *http.Request) time.Time {
	if at, err := strconv.ParseInt(r.Header.Get(reply.ReceivedHeader), 10, 64); err == nil && at > 0 {
		return time.UnixMilli(at)
	}
	return a.Now()
}

// retrieve returns the state of a job. A client of AI/ML API wants nothing but the file,
// so this looks whether the bucket still has it.
func (a *API) retrieve(r *http.Request) reply.Response {
	id := r.URL.Query().Get(api.ParamGenerationID)
	if id == "" {
		return reply.RefuseField(http.StatusBadRequest, api.ParamGenerationID, "is missing; add ?generation_id= with the id from the POST's reply")
	}
	view, refused := a.view(r, id, a.Jobs.File)
	if refused != nil {
		return *refused
	}
	url := ""
	if view.State == video.StateCompleted {
		var err error
		if url, err = a.Videos.URL(r.Context(), view.Locator()); err != nil {
			return reply.Unavailable(id, err, noURL)
		}
	}
	return reply.Response{Status: http.StatusOK, Job: id, Body: generation(view, url)}
}

// generation returns a job as AI/ML API shows one, with the URL of a completed one.
func generation(v view.View, url string) api.Generation {
	g := api.Generation{ID: v.ID, Status: v.State}
	if v.Outcome != nil {
		g.Status = video.StateFailed // AI/ML API has no status for a cancelled job
		g.Error = &api.GenerationError{Name: v.Outcome.Name, Message: v.Outcome.Message}
	}
	if v.Manifest != nil {
		g.Video = &api.GenerationVideo{URL: url, Duration: v.Manifest.Request.Duration()}
		g.Meta = &api.GenerationMeta{Usage: api.GenerationUsage{Credits: aimlapi.CreditsOfMicros(v.Manifest.ChargedMicros)}}
	}
	return g
}
