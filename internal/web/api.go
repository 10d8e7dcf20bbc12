package web

import (
	"context"
	"encoding/base32"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"path"
	"runtime/debug"
	"strings"
	"time"

	"github.com/takeup/takeup/internal/intake"
	"github.com/takeup/takeup/internal/video"
)

// The provider's two paths. Both take every model: which of the provider's routes
// a job goes by is not the caller's concern.
const (
	LegacyPath    = "/v2/generate/video/kling/generation"
	UniversalPath = "/v2/video/generations"
)

// Starter starts jobs, once an id. Its errors are *intake.Mismatch and
// *video.ServiceUnavailable.
type Starter interface {
	Start(ctx context.Context, id string, r video.Request) (intake.Receipt, error)
}

// Desk says how a job is doing. Its errors are *video.NoEntry and
// *video.ServiceUnavailable.
type Desk interface {
	Status(ctx context.Context, id string) (intake.View, error)
}

// Videos gives the addresses that stored videos are fetched from.
type Videos interface {
	// URL gives a URL that serves the job's video to whoever has it, for a
	// short time.
	URL(ctx context.Context, id string) (string, error)
}

// API is the http.Handler. All fields are needed.
type API struct {
	Starter Starter
	Desk    Desk
	Videos  Videos
	Random  io.Reader        // makes the ids of requests without an Idempotency-Key
	Now     func() time.Time // for timestamps and elapsed times
	Log     *slog.Logger
}

// route is one of the paths. The universal route answers 200 to a POST and the
// legacy one 201, as the provider's OpenAPI descriptions have it.
type route struct {
	path    string
	created int
}

// Handler gives the API as an http.Handler. Each reply has the provider's shape,
// whatever was asked: a status of its own for a wrong path, method, type, size or
// JSON, 503 for trouble with AWS, and 500 only for a bug of its own.
func (a *API) Handler() http.Handler {
	mux := http.NewServeMux()
	for _, r := range []route{{LegacyPath, http.StatusCreated}, {UniversalPath, http.StatusOK}} {
		mux.HandleFunc("POST "+r.path, a.serve(a.create(r.created)))
		mux.HandleFunc("GET "+r.path, a.serve(a.retrieve)) // and HEAD
		mux.HandleFunc("OPTIONS "+r.path, a.serve(options))
		mux.HandleFunc(r.path, a.serve(wrongMethod))
	}
	unknown := a.serve(unknownPath)
	mux.HandleFunc("/", unknown)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// ServeMux answers a path such as //v2 with a redirect in HTML.
		if path.Clean(r.URL.Path) != r.URL.Path || !strings.HasPrefix(r.URL.Path, "/") {
			unknown(w, r)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// answer is what a request is replied with.
type answer struct {
	status  int
	job     string // the job that it is about, where there is one
	body    any    // written as JSON; nil: none
	problem *problem
	header  map[string]string
}

// serve makes a handler of what answers one kind of request: it writes the answer
// in the provider's shape, and logs one line. A prompt, a token or a URL is
// in none of the line's fields.
func (a *API) serve(handle func(*http.Request) answer) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		began := a.Now()
		requestID := a.requestID(r)
		got := a.guard(handle, r)
		if got.problem != nil {
			got.status = got.problem.status
			got.body = errorBody{
				Message: got.problem.message(), Path: r.URL.Path, RequestID: requestID,
				StatusCode: got.status, Timestamp: a.Now().UTC().Format("2006-01-02T15:04:05.000Z"),
			}
		}
		h := w.Header()
		for name, value := range got.header {
			h.Set(name, value)
		}
		h.Set("X-Request-Id", requestID)
		h.Set("Cache-Control", "no-store")
		if got.job != "" {
			h.Set("X-Inference-Id", got.job)
		}
		write(w, r, got.status, got.body)

		attributes := []any{
			"method", method(r), "route", r.Pattern, "status", got.status, "job", got.job,
			"request_id", requestID, "elapsed_ms", a.Now().Sub(began).Milliseconds(),
		}
		switch {
		case got.problem != nil && got.problem.cause != nil:
			a.Log.ErrorContext(r.Context(), "api", append(attributes, "error", got.problem.cause.Error())...)
		default:
			a.Log.InfoContext(r.Context(), "api", attributes...)
		}
	}
}

// guard turns a panic, which is a bug, into an answer.
func (a *API) guard(handle func(*http.Request) answer, r *http.Request) (got answer) {
	defer func() {
		if p := recover(); p != nil {
			got = answer{problem: &problem{
				status: http.StatusInternalServerError,
				said:   []string{"something went wrong here, not with the request; report it with the requestId"},
				cause:  fmt.Errorf("panic: %v\n%s", p, debug.Stack()),
			}}
		}
	}()
	return handle(r)
}

// requestID is the id that API Gateway gave the request, which its own log has
// too; or a new one.
func (a *API) requestID(r *http.Request) string {
	if id := r.Header.Get("X-Request-Id"); id != "" && len(id) <= 128 && visible(id) {
		return id
	}
	bits := make([]byte, 15)
	if _, err := io.ReadFull(a.Random, bits); err != nil {
		return "none" // the request fails or not for reasons of its own
	}
	return strings.ToLower(base32.StdEncoding.EncodeToString(bits))
}

// method keeps what a stranger wrote out of the log.
func method(r *http.Request) string {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return r.Method
	}
	return "other"
}
