// Package apitest is a fake of Takeup's API for tests. A test gives it jobs and the
// states that each goes through; every reply is held to docs/openapi.yaml.
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
	"github.com/takeup/takeup/internal/video"
)

// Token is the token that is let in.
const Token = "the-token-that-is-let-in"

// Signature is in each URL of a file, and belongs in no message.
const Signature = "signature=private"

// Server is the fake. Its fields may be set before it is called.
type Server struct {
	*httptest.Server
	// Models is what GET /models gives.
	Models api.ModelList
	// Control is what GET /control gives.
	Control api.Control
	// Usage is what GET /usage gives, whatever is asked for.
	Usage api.Usage
	// Script makes the states of a new job, one for each time that it is asked
	// for; the last stays.
	Script func(id string, request video.Request) []api.Video

	t    testing.TB
	spec *description
	mux  *http.ServeMux

	mu     sync.Mutex
	order  []string
	jobs   map[string]*job
	keys   map[string]string
	faults []http.HandlerFunc
	files  map[string][]http.HandlerFunc
	gone   map[string]bool // what TakeOut took
	calls  []Call
	checks int
}

type job struct {
	request video.Request
	states  []api.Video
}

// Call is one that the fake was made, other than for a file.
type Call struct {
	Method, URI, Key string
	Body             map[string]any
}

// New starts a fake, which ends with the test. spec is the path of
// docs/openapi.yaml.
func New(t testing.TB, spec string) *Server {
	t.Helper()
	s := &Server{
		t: t, spec: describe(t, spec), mux: http.NewServeMux(), jobs: map[string]*job{}, keys: map[string]string{}, files: map[string][]http.HandlerFunc{}, gone: map[string]bool{},
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
	s.Models, s.Control = models(), control()
	s.Script = func(id string, request video.Request) []api.Video {
		return []api.Video{s.Video(id, request, video.StateQueued), s.Video(id, request, video.StateGenerating), s.Done(id, request, "a video")}
	}
	return s
}

// TakeOut takes a job's file out of the bucket.
func (s *Server) TakeOut(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.files[id], s.gone[id] = []http.HandlerFunc{http.NotFound}, true
}

// Fail answers the next calls but those of /check, one with each, in the place of the
// API.
func (s *Server) Fail(with ...http.HandlerFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, with...)
}

// Answer is a handler that gives an answer.
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

// Add has a job go through states.
func (s *Server) Add(id string, request video.Request, states ...api.Video) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.add(id, request, states)
}

func (s *Server) add(id string, request video.Request, states []api.Video) {
	s.order = append([]string{id}, s.order...)
	s.jobs[id] = &job{request, states}
}

// Serve serves a job's file, with each handler once and with the last again and
// again.
func (s *Server) Serve(id string, with ...http.HandlerFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.files[id] = with
}

// Calls are the calls so far, but for those of /check.
func (s *Server) Calls() []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.calls)
}

// Checks is how many requests /check was asked about.
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
	made := Call{Method: r.Method, URI: r.URL.RequestURI(), Key: r.Header.Get(api.IdempotencyKeyHeader)}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		s.t.Error(err)
	}
	if len(body) > 0 && json.Unmarshal(body, &made.Body) != nil {
		s.t.Errorf("%s %s has no JSON: %s", r.Method, r.URL, body)
	}
	asks := r.URL.Path == api.CheckPath // what a request would cost; it comes beside what is tested
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

// reply writes an answer, once it was held to the description.
func (s *Server) reply(w http.ResponseWriter, r *http.Request, a answer) {
	_, pattern := s.mux.Handler(r)
	_, path, _ := strings.Cut(pattern, " ")
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

// File is a handler that serves a file, also from an offset on.
func File(content string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		http.ServeContent(w, r, "video.mp4", time.Time{}, strings.NewReader(content))
	}
}

// Broken is a handler that promises the file and sends a part of it.
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
