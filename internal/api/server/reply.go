package server

import (
	"bytes"
	"encoding/base32"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/api/server/wire"
	"github.com/takeup/takeup/internal/video"
)

// response is what a request is answered with.
type response struct {
	status  int
	job     string   // the job that it is about, if there is one
	batch   string   // the batch that it is about, if there is one
	body    any      // written as JSON; nil for none
	file    []byte   // a file, in the place of body; its type is in header
	problem *problem // of a refusal, in the place of status and body
	header  map[string]string
}

// problem says why a request was refused.
type problem struct {
	status  int
	message string             // what was wrong and what to do; empty: as fields say
	fields  []video.FieldError // each wrong field
	cause   error              // for the log only
}

// handler makes an http.HandlerFunc of a function that answers one kind of request.
// It writes the response and logs one line, in which there is never a prompt, a token
// or a signed URL.
func (a *API) handler(handle func(*http.Request) response) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		began := a.Now()
		requestID := a.requestID(r)
		got := a.recovered(handle, r)
		if got.problem != nil {
			got.status = got.problem.status
			got.body = api.Error{
				Message: got.problem.text(), Fields: got.problem.fields, Path: r.URL.Path, RequestID: requestID,
				StatusCode: got.status, Timestamp: a.Now().UTC().Format("2006-01-02T15:04:05.000Z"),
			}
		}
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		a.allowOrigin(h)
		for name, value := range got.header {
			h.Set(name, value)
		}
		h.Set(api.RequestIDHeader, requestID)
		if got.job != "" {
			h.Set(api.JobHeader, got.job)
		}
		if got.file != nil {
			writeFile(w, r, got)
		} else {
			write(w, r, got.status, got.body)
		}
		a.log(r, got, requestID, began)
	}
}

func (a *API) log(r *http.Request, got response, requestID string, began time.Time) {
	attributes := []any{
		"method", knownMethod(r), "route", r.Pattern, "status", got.status, "job", got.job, "batch", got.batch, "owner", r.Header.Get(OwnerHeader),
		"request_id", requestID, "elapsed_ms", a.Now().Sub(began).Milliseconds(),
	}
	if got.problem != nil && got.problem.cause != nil {
		a.Log.ErrorContext(r.Context(), "api", append(attributes, "error", got.problem.cause.Error())...)
		return
	}
	a.Log.InfoContext(r.Context(), "api", attributes...)
}

// knownMethod keeps a method that a client made up out of the log.
func knownMethod(r *http.Request) string {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return r.Method
	}
	return "other"
}

// recovered answers a panic, which is a bug, with 500.
func (a *API) recovered(handle func(*http.Request) response, r *http.Request) (got response) {
	defer func() {
		if p := recover(); p != nil {
			got = response{problem: &problem{
				status:  http.StatusInternalServerError,
				message: "something went wrong here, not with the request; report it with the requestId",
				cause:   fmt.Errorf("panic: %v\n%s", p, debug.Stack()),
			}}
		}
	}()
	return handle(r)
}

// requestID returns the id that API Gateway gave the request and has in its own log, or
// a new one.
func (a *API) requestID(r *http.Request) string {
	if id := r.Header.Get(api.RequestIDHeader); id != "" && len(id) <= 128 && visible(id) {
		return id
	}
	bits := make([]byte, 15)
	if _, err := io.ReadFull(a.Random, bits); err != nil {
		return "none" // an id is no reason to refuse the request
	}
	return strings.ToLower(base32.StdEncoding.EncodeToString(bits))
}

// write sends a body as JSON, and none to HEAD: unlike net/http's server, the Lambda
// runtime would send it.
func write(w http.ResponseWriter, r *http.Request, status int, body any) {
	if body == nil {
		w.WriteHeader(status)
		return
	}
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false) // the & of a URL stays readable
	if err := encoder.Encode(body); err != nil {
		panic("server: a reply that can't be encoded: " + err.Error())
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(b.Bytes()) // a client that is gone loses the reply and not the job
	}
}

// writeFile sends a file, and none to HEAD.
func writeFile(w http.ResponseWriter, r *http.Request, got response) {
	w.WriteHeader(got.status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(got.file) // a client that is gone asks again
	}
}

func (p *problem) text() api.Message {
	if p.message != "" {
		return api.Message{Text: p.message}
	}
	list := make([]string, len(p.fields))
	for i, f := range p.fields {
		list[i] = strings.TrimSpace(f.Field + " " + f.Message)
	}
	return api.Message{List: list}
}

func refuse(status int, format string, args ...any) response {
	return response{problem: &problem{status: status, message: fmt.Sprintf(format, args...)}}
}

// refuseField names the one header or parameter that is wrong.
func refuseField(status int, field, format string, args ...any) response {
	message := fmt.Sprintf(format, args...)
	return response{problem: &problem{status: status, message: field + " " + message, fields: []video.FieldError{{Field: field, Message: message}}}}
}

// refuseFields names each wrong field and its fix. A request that is wrong as a whole
// has one message.
func refuseFields(fields []video.FieldError) response {
	p := &problem{status: http.StatusBadRequest, fields: fields}
	if len(fields) == 1 && fields[0].Field == "" {
		p.message = fields[0].Message
	}
	return response{problem: p}
}

func notFound(id string) response {
	got := refuse(http.StatusNotFound, "there is no video with this id; use the id from the POST's reply")
	got.job = id
	return got
}

// conflict refuses what the job's state doesn't allow. A retryAfter of 0 says that
// asking again doesn't help.
func conflict(id, reason string, retryAfter time.Duration) response {
	got := refuse(http.StatusConflict, "%s", reason)
	got.job = id
	if retryAfter > 0 {
		got.header = map[string]string{"Retry-After": strconv.Itoa(wire.Seconds(retryAfter))}
	}
	return got
}

// unavailable answers a failure of AWS. Its error, which names accounts and resources,
// is for the log only.
func unavailable(job string, cause error, message string) response {
	return response{
		job:     job,
		header:  map[string]string{"Retry-After": strconv.Itoa(retryAfterSeconds)},
		problem: &problem{status: http.StatusServiceUnavailable, message: message, cause: cause},
	}
}

// retryAfterSeconds is long enough for AWS to stop throttling, and shorter than a job
// takes to change.
const retryAfterSeconds = 5
