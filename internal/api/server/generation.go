package server

import (
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/takeup/takeup/internal/caps"
	"github.com/takeup/takeup/internal/jobs"
	"github.com/takeup/takeup/internal/video"
)

// create starts a job, and answers as the provider does: queued. The answer to
// the same Idempotency-Key and the same request is the same, whatever became of
// the job since; how it is doing is what GET tells.
func (a *API) create(created int) func(*http.Request) answer {
	return func(r *http.Request) answer {
		key, keyed := r.Header["Idempotency-Key"]
		if keyed && (len(key) != 1 || len(key[0]) < 1 || len(key[0]) > 255 || !visible(key[0])) {
			return refuseField(http.StatusBadRequest, "Idempotency-Key", "is not one of 1 to 255 visible ASCII characters; send one such as a UUID, or none")
		}
		request, refused := parsed(r)
		if refused != nil {
			return *refused
		}

		from := video.Origin{Trigger: video.TriggerAPI, Token: r.Header.Get(ownerHeader)}
		if !keyed {
			return a.send(r, request, from, created)
		}
		// The keys of one owner are none of another's.
		id := jobs.IDFromKey("api", from.Token, key[0])
		receipt, err := a.Jobs.Start(r.Context(), id, request, from)
		var other *jobs.Mismatch
		var full *caps.Refused
		switch {
		case errors.As(err, &full):
			return overCap(full)
		case errors.As(err, &other):
			// 422, as the IETF's draft of the header has it:
			// https://datatracker.ietf.org/doc/html/draft-ietf-httpapi-idempotency-key-header
			return refuseField(http.StatusUnprocessableEntity, "Idempotency-Key", "was used for another request; nothing was started: use a new key for a new request, or send the first request again unchanged")
		case err != nil:
			return unavailable(id, err, "the request may or may not have been taken; send the request again with the same Idempotency-Key")
		}
		return taken(created, receipt.ID)
	}
}

// send starts a job for a request without an Idempotency-Key.
func (a *API) send(r *http.Request, request video.Request, from video.Origin, created int) answer {
	id, err := jobs.RandomID("api", a.Random)
	if err != nil {
		return unavailable("", err, "no id could be made for the request, and nothing was started; send it again")
	}
	receipt, err := a.Jobs.Send(r.Context(), jobs.Post{ID: id, At: a.received(r), Retry: retries(r)}, request, from)
	var full *caps.Refused
	switch {
	case errors.As(err, &full):
		return overCap(full)
	case err != nil && receipt.ID == "":
		return unavailable("", err, "the request was not taken; send it again")
	case err != nil:
		return unavailable(receipt.ID, err, "the request may or may not have been taken; ask for generation_id="+receipt.ID+" before sending it again, and use an Idempotency-Key to be safe")
	}
	return taken(created, receipt.ID)
}

// overCap answers as the provider does of an account that is empty.
func overCap(why *caps.Refused) answer { return refuse(http.StatusForbidden, "%s", why.Error()) }

// taken answers as the provider does.
func taken(created int, id string) answer {
	return answer{status: created, job: id, body: reply(jobs.View{ID: id, State: video.StateQueued}, "")}
}

// retries gives how often a client says that it has sent a request before. The
// provider's SDK does so, as all do that Stainless generates. What is no such count
// says nothing.
// https://github.com/openai/openai-python/blob/main/src/openai/_base_client.py
func retries(r *http.Request) int {
	n, err := strconv.ParseUint(r.Header.Get("X-Stainless-Retry-Count"), 10, 16)
	if err != nil {
		return 0
	}
	return int(n)
}

// received is when API Gateway received a request, which Lambda tells.
func (a *API) received(r *http.Request) time.Time {
	if at, err := strconv.ParseInt(r.Header.Get(receivedHeader), 10, 64); err == nil && at > 0 {
		return time.UnixMilli(at)
	}
	return a.Now()
}

// checked is a request that would be taken, with its defaults, and what it would cost.
type checked struct {
	Request video.Request `json:"request"`
	Price   *quote        `json:"price"`
}

// check judges a request as create does, and starts nothing.
func (a *API) check(r *http.Request) answer {
	request, refused := parsed(r)
	if refused != nil {
		return *refused
	}
	return answer{status: http.StatusOK, body: checked{Request: request, Price: a.quote(r.Context(), request)}}
}

// parsed gives the request that a body holds, or refuses it.
func parsed(r *http.Request) (video.Request, *answer) {
	body, refused := read(r)
	if refused != nil {
		return video.Request{}, refused
	}
	request, err := video.ParseRequest(body)
	if err == nil {
		return request, nil
	}
	no := unavailable("", err, "the request could not be read; send it again")
	var invalid *video.InvalidRequest
	if errors.As(err, &invalid) {
		no = refuseFields(invalid.Fields)
	}
	return video.Request{}, &no
}

// retrieve says how a job is doing.
func (a *API) retrieve(r *http.Request) answer {
	id := r.URL.Query().Get("generation_id")
	if id == "" {
		return refuseField(http.StatusBadRequest, "generation_id", "is missing: ask as ?generation_id= and the id that the POST gave")
	}
	// Who asks here gets the file's address only: it is looked at first.
	view, refused := a.view(r, id, a.Jobs.File)
	if refused != nil {
		return *refused
	}
	url := ""
	if view.State == video.StateCompleted {
		var err error
		if url, err = a.Videos.URL(r.Context(), id); err != nil {
			return unavailable(id, err, "the video is stored, and no URL could be made for it; ask again")
		}
	}
	return answer{status: http.StatusOK, job: id, body: reply(view, url)}
}

// view reads how a job is doing, or says why it can't be told.
func (a *API) view(r *http.Request, id string, read func(context.Context, string) (jobs.View, error)) (jobs.View, *answer) {
	if !video.ValidID(id) {
		refused := notFound("")
		return jobs.View{}, &refused
	}
	view, err := read(r.Context(), id)
	if err == nil {
		return view, nil
	}
	var absent *video.NoEntry
	refused := unavailable(id, err, "how the job is doing can't be told at the moment; ask again")
	if errors.As(err, &absent) {
		refused = notFound(id)
	}
	return jobs.View{}, &refused
}

func notFound(id string) answer {
	a := refuse(http.StatusNotFound, "there is no video of this id; use the id that the POST gave")
	a.job = id
	return a
}

// read gives a request's body, or refuses what can't be one.
func read(r *http.Request) ([]byte, *answer) {
	given := r.Header.Get("Content-Type")
	kind, parameters, err := mime.ParseMediaType(given)
	charset, hasCharset := parameters["charset"]
	var refused answer
	switch {
	case given == "":
		refused = refuse(http.StatusUnsupportedMediaType, "Content-Type is missing; send the request as application/json")
	case kind == "application/x-www-form-urlencoded":
		refused = refuse(http.StatusUnsupportedMediaType, `Content-Type is application/x-www-form-urlencoded, which curl sends by itself with -d; add -H "Content-Type: application/json"`)
	case err != nil || kind != "application/json":
		refused = refuse(http.StatusUnsupportedMediaType, "Content-Type is not application/json; send the request as application/json")
	case hasCharset && !strings.EqualFold(charset, "utf-8"):
		refused = refuse(http.StatusUnsupportedMediaType, "the charset is not UTF-8; send the request as UTF-8")
	case r.Header.Get("Content-Encoding") != "" && !strings.EqualFold(r.Header.Get("Content-Encoding"), "identity"):
		refused = refuse(http.StatusUnsupportedMediaType, "the body is encoded; send it without a Content-Encoding")
	default:
		body, err := io.ReadAll(io.LimitReader(r.Body, video.MaxRequestBytes+1))
		switch {
		case err != nil:
			refused = refuse(http.StatusBadRequest, "the body could not be read to its end; send the request again")
		case len(body) > video.MaxRequestBytes:
			refused = refuse(http.StatusRequestEntityTooLarge, "the body is larger than %d KiB; shorten the prompt", video.MaxRequestBytes>>10)
		default:
			return body, nil
		}
	}
	return nil, &refused
}

// visible reports whether a text is of visible ASCII characters only.
func visible(s string) bool {
	for _, c := range []byte(s) {
		if c < 0x21 || c > 0x7e {
			return false
		}
	}
	return true
}
