// Package apitest is a fake of Takeup's API for tests. A test adds jobs and the
// states that each goes through; every reply is checked against docs/openapi.yaml.
package apitest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/batch/record"
	"github.com/takeup/takeup/internal/video"
)

// Token is the token that the fake accepts.
const Token = "the-token-that-is-let-in"

// Signature is a part of every file URL. No message may contain it.
const Signature = "signature=private"

// Server is the fake. Set its fields before the first call.
type Server struct {
	*httptest.Server
	// Models is the reply of GET /models.
	Models api.ModelList
	// Control is the reply of GET /control.
	Control api.Control
	// Usage is the reply of GET /usage, whatever the query.
	Usage api.Usage
	// Script returns the states of a new job: one for each call about it, and the last
	// from then on.
	Script func(id string, request video.Request) []api.Video
	// BatchSize is how many videos the batches that Batch returns have, each for 0.98 USD.
	BatchSize int
	// Planned returns the states of a new batch until it is started, as in AddBatch.
	Planned func(id string, asked api.BatchRequest) []api.Batch
	// Started returns the states of a batch from when it is started.
	Started func(api.Batch) []api.Batch

	t    testing.TB
	spec *description
	mux  *http.ServeMux

	mu     sync.Mutex
	order  []string
	jobs   map[string]*job
	keys   map[string]string
	faults []http.HandlerFunc
	files  map[string][]http.HandlerFunc
	gone   map[string]bool // by TakeOut
	calls  []Call
	checks int

	batches  batches
	uploaded string
}

type job struct {
	request video.Request
	states  []api.Video
}

// Call is a call of the fake, other than for a file.
type Call struct {
	Method, URI, Key string
	Body             map[string]any
}

// New starts a fake and stops it at the end of the test. spec is the path of
// docs/openapi.yaml.
func New(t testing.TB, spec string) *Server {
	t.Helper()
	s := &Server{
		t: t, spec: describe(t, spec), mux: http.NewServeMux(), jobs: map[string]*job{}, keys: map[string]string{}, files: map[string][]http.HandlerFunc{}, gone: map[string]bool{},
		batches: batches{states: map[string][]api.Batch{}, results: map[string]string{}},
	}
	s.Server = httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(s.Close)
	s.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		s.reply(w, r, refuse(r, http.StatusNotFound, "there is nothing at this path"))
	})
	for pattern, answers := range s.routes() {
		s.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				s.t.Error(err)
			}
			s.reply(w, r, answers(r, body))
		})
	}
	s.mux.HandleFunc("GET "+api.BatchResultsPath, s.batchResults)
	s.Models, s.Control, s.BatchSize = models(), control(), 300
	s.Planned = func(id string, asked api.BatchRequest) []api.Batch {
		return []api.Batch{s.Batch(id, asked.Name, record.Uploading), s.Batch(id, asked.Name, record.Planning), s.Batch(id, asked.Name, record.Planned)}
	}
	s.Started = func(b api.Batch) []api.Batch { return s.Steps(b, 0, b.Counts.Videos/2, b.Counts.Videos) }
	s.Script = func(id string, request video.Request) []api.Video {
		return []api.Video{s.Video(id, request, video.StateQueued), s.Video(id, request, video.StateGenerating), s.Done(id, request, "a video")}
	}
	return s
}

// TakeOut removes a job's file from the bucket, without the API.
func (s *Server) TakeOut(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.files[id], s.gone[id] = []http.HandlerFunc{http.NotFound}, true
}

// Fail makes handlers answer the next calls in place of the API, one call each. Calls of
// /check don't count.
func (s *Server) Fail(with ...http.HandlerFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, with...)
}

// Answer returns a handler with a fixed response. A header is "Name: value".
func Answer(status int, body string, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for _, h := range header {
			name, value, _ := strings.Cut(h, ": ")
			w.Header().Set(name, value)
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// Add adds a job with the states that it goes through, as Script returns them.
func (s *Server) Add(id string, request video.Request, states ...api.Video) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.add(id, request, states)
}

func (s *Server) add(id string, request video.Request, states []api.Video) {
	s.order = append([]string{id}, s.order...)
	s.jobs[id] = &job{request, states}
}

// Serve makes handlers serve a job's file: each serves once, and the last one from then
// on.
func (s *Server) Serve(id string, with ...http.HandlerFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.files[id] = with
}

// Calls returns the calls so far, without those of /check.
func (s *Server) Calls() []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.calls)
}

// Checks returns the number of calls of /check.
func (s *Server) Checks() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.checks
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if id, ok := strings.CutPrefix(r.URL.Path, "/files/"); ok {
		s.file(w, r, id)
		return
	}
	if r.URL.Path == "/upload" {
		s.upload(w, r)
		return
	}
	made := Call{Method: r.Method, URI: r.URL.RequestURI(), Key: r.Header.Get(api.IdempotencyKeyHeader)}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		s.t.Error(err)
	}
	if len(body) > 0 && json.Unmarshal(body, &made.Body) != nil {
		s.t.Errorf("%s %s has no JSON: %s", r.Method, r.URL, body)
	}
	asks := r.URL.Path == api.CheckPath // tests don't count price checks
	if asks {
		s.checks++
	} else {
		s.calls = append(s.calls, made)
	}
	if len(s.faults) > 0 && !asks {
		fault := s.faults[0]
		s.faults = s.faults[1:]
		fault(w, r)
		return
	}
	if r.Header.Get("Authorization") != "Bearer "+Token {
		s.reply(w, r, refuse(r, http.StatusUnauthorized, "The token is missing or wrong."))
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	s.mux.ServeHTTP(w, r)
}

// reply writes an answer, and fails the test if the description doesn't allow it.
func (s *Server) reply(w http.ResponseWriter, r *http.Request, a answer) {
	_, pattern := s.mux.Handler(r)
	_, path, _ := strings.Cut(strings.ReplaceAll(pattern, "...}", "}"), " ") // as the description has it
	data, err := json.Marshal(a.body)
	if err != nil {
		s.t.Error(err)
	}
	if err := s.spec.hold(path, r.Method, a.status, data); err != nil {
		s.t.Errorf("the fake answers %s %s with %d %s, which is not as described: %v", r.Method, r.URL, a.status, data, err)
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Date", Created.Format(http.TimeFormat))
	if a.execution != "" {
		w.Header().Set(api.ExecutionHeader, a.execution)
	}
	w.WriteHeader(a.status)
	_, _ = w.Write(data)
}

func (s *Server) file(w http.ResponseWriter, r *http.Request, id string) {
	if r.Header.Get("Authorization") != "" {
		s.t.Errorf("the token is sent to S3")
	}
	handlers := s.files[id]
	if len(handlers) == 0 {
		http.NotFound(w, r)
		return
	}
	if len(handlers) > 1 {
		s.files[id] = handlers[1:]
	}
	handlers[0](w, r)
}

// File returns a handler that serves a file, and ranges of it.
func File(content string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		http.ServeContent(w, r, "video.mp4", time.Time{}, strings.NewReader(content))
	}
}

// Broken returns a handler that announces the file or its rest, and sends only the first
// bytes.
func Broken(content string, sent int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		rest := content
		if r.Header.Get("Range") != "" {
			var offset int
			_, _ = fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-", &offset)
			rest = content[offset:]
			w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", offset, len(content)-1, len(content)))
		}
		w.Header().Set("Content-Length", fmt.Sprint(len(rest)))
		if rest != content {
			w.WriteHeader(http.StatusPartialContent)
		}
		_, _ = io.Copy(w, io.LimitReader(bytes.NewReader([]byte(rest)), int64(sent)))
	}
}
