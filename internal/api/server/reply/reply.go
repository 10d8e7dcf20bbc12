package reply

import (
	"bytes"
	"encoding/base32"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/api/server/wire"
	"github.com/takeup/takeup/internal/video"
)

// Response is what a request is answered with.
type Response struct {
	Status  int
	Job     string   // the job that it is about, if there is one
	Batch   string   // the batch that it is about, if there is one
	Body    any      // written as JSON; nil for none
	File    []byte   // a file, in the place of Body; its type is in Header
	Problem *Problem // of a refusal, in the place of Status and Body
	Header  map[string]string
}

// Problem says why a request was refused.
type Problem struct {
	Status  int
	Message string             // what was wrong and what to do; empty: as Fields say
	Fields  []video.FieldError // each wrong field
	Cause   error              // for the log only
}

// Replier answers requests, and logs each.
type Replier struct {
	// Origin is the origin whose pages may call the API from a browser, or * for every origin.
	// Empty allows none but the API's own.
	Origin string
	Random io.Reader        // for the ids of requests
	Now    func() time.Time // for timestamps and elapsed times
	Log    *slog.Logger
}

// Handler makes an http.HandlerFunc of a function that answers one kind of request.
// It writes the response and logs one line, in which there is never a prompt, a token
// or a signed URL.
func (a Replier) Handler(handle func(*http.Request) Response) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		began := a.Now()
		requestID := a.requestID(r)
		got := a.recovered(handle, r)
		if got.Problem != nil {
			got.Status = got.Problem.Status
			got.Body = api.Error{
				Message: got.Problem.text(), Fields: got.Problem.Fields, Path: r.URL.Path, RequestID: requestID,
				StatusCode: got.Status, Timestamp: a.Now().UTC().Format("2006-01-02T15:04:05.000Z"),
			}
		}
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		a.allowOrigin(h)
		for name, value := range got.Header {
			h.Set(name, value)
		}
		h.Set(api.RequestIDHeader, requestID)
		if got.Job != "" {
			h.Set(api.JobHeader, got.Job)
		}
		if got.File != nil {
			writeFile(w, r, got)
		} else {
			write(w, r, got.Status, got.Body)
		}
		a.log(r, got, requestID, began)
	}
}

func (a Replier) log(r *http.Request, got Response, requestID string, began time.Time) {
	attributes := []any{
		"method", knownMethod(r), "route", r.Pattern, "status", got.Status, "job", got.Job, "batch", got.Batch, "owner", r.Header.Get(OwnerHeader),
		"request_id", requestID, "elapsed_ms", a.Now().Sub(began).Milliseconds(),
	}
	if got.Problem != nil && got.Problem.Cause != nil {
		a.Log.ErrorContext(r.Context(), "api", append(attributes, "error", got.Problem.Cause.Error())...)
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
func (a Replier) recovered(handle func(*http.Request) Response, r *http.Request) (got Response) {
	defer func() {
		if p := recover(); p != nil {
			got = Response{Problem: &Problem{
				Status:  http.StatusInternalServerError,
				Message: "something went wrong here, not with the request; report it with the requestId",
				Cause:   fmt.Errorf("panic: %v\n%s", p, debug.Stack()),
			}}
		}
	}()
	return handle(r)
}

// requestID returns the id that API Gateway gave the request and has in its own log, or
// a new one.
func (a Replier) requestID(r *http.Request) string {
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
func writeFile(w http.ResponseWriter, r *http.Request, got Response) {
	w.WriteHeader(got.Status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(got.File) // a client that is gone asks again
	}
}

func (p *Problem) text() api.Message {
	if p.Message != "" {
		return api.Message{Text: p.Message}
	}
	list := make([]string, len(p.Fields))
	for i, f := range p.Fields {
		list[i] = strings.TrimSpace(f.Field + " " + f.Message)
	}
	return api.Message{List: list}
}

// Refuse says what was wrong with a request and what to do.
func Refuse(status int, format string, args ...any) Response {
	return Response{Problem: &Problem{Status: status, Message: fmt.Sprintf(format, args...)}}
}

// RefuseField names the one header or parameter that is wrong.
func RefuseField(status int, field, format string, args ...any) Response {
	message := fmt.Sprintf(format, args...)
	return Response{Problem: &Problem{Status: status, Message: field + " " + message, Fields: []video.FieldError{{Field: field, Message: message}}}}
}

// RefuseFields names each wrong field and its fix. A request that is wrong as a whole
// has one message.
func RefuseFields(fields []video.FieldError) Response {
	p := &Problem{Status: http.StatusBadRequest, Fields: fields}
	if len(fields) == 1 && fields[0].Field == "" {
		p.Message = fields[0].Message
	}
	return Response{Problem: p}
}

// Conflict refuses what the job's state doesn't allow. A retryAfter of 0 says that
// asking again doesn't help.
func Conflict(id, reason string, retryAfter time.Duration) Response {
	got := Refuse(http.StatusConflict, "%s", reason)
	got.Job = id
	if retryAfter > 0 {
		got.Header = map[string]string{"Retry-After": strconv.Itoa(wire.Seconds(retryAfter))}
	}
	return got
}

// Unavailable answers a failure of AWS. Its error, which names accounts and resources,
// is for the log only.
func Unavailable(job string, cause error, message string) Response {
	return Response{
		Job:     job,
		Header:  map[string]string{"Retry-After": strconv.Itoa(retryAfterSeconds)},
		Problem: &Problem{Status: http.StatusServiceUnavailable, Message: message, Cause: cause},
	}
}

// retryAfterSeconds is long enough for AWS to stop throttling, and shorter than a job
// takes to change.
const retryAfterSeconds = 5
