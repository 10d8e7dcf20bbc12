package chaos

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/takeup/takeup/internal/video"
)

// s3Trouble is what befalls a call of S3.
type s3Trouble struct {
	after  bool // it is carried out first
	status int  // and this is answered
	code   string
	cut    bool // and the connection is cut
	half   bool // and the answer breaks off
	hold   bool // and nothing is answered, until the caller is gone
}

// mostS3 is how many calls of a kind may fail for a job: enough for a whole burst
// on a second write.
const mostS3 = 6

var (
	s3Any = []fault[s3Trouble]{
		{name: "503", weight: 3, do: s3Trouble{status: 503, code: "SlowDown"}},
		{name: "503, for long", weight: 2, burst: longestBurst, do: s3Trouble{status: 503, code: "SlowDown"}},
		{name: "reset before", weight: 2, do: s3Trouble{cut: true}},
		{name: "withheld before", weight: 0.15, do: s3Trouble{hold: true}},
	}
	s3Reads = append([]fault[s3Trouble]{
		{name: "answer broken off", weight: 1, do: s3Trouble{after: true, half: true}},
	}, s3Any...)
	s3Writes = append([]fault[s3Trouble]{
		{name: "written, answer lost", weight: 3, do: s3Trouble{after: true, cut: true}},
		{name: "written, 500 answered", weight: 3, do: s3Trouble{after: true, status: 500, code: "InternalError"}},
		{name: "written, answers lost for long", weight: 1, burst: longestBurst, do: s3Trouble{after: true, cut: true}},
		{name: "written, withheld", weight: 0.15, do: s3Trouble{after: true, hold: true}},
	}, s3Any...)
	s3Conditional = append([]fault[s3Trouble]{
		{name: "409", weight: 2, do: s3Trouble{status: 409, code: "ConditionalRequestConflict"}},
		{name: "412", weight: 2, do: s3Trouble{status: 412, code: "PreconditionFailed"}},
		{name: "written, 412 answered", weight: 2, do: s3Trouble{after: true, status: 412, code: "PreconditionFailed"}},
	}, s3Writes...)
)

// storage is a proxy before S3, an http.Handler.
type storage struct {
	plan  *plan
	names *names
	to    atomic.Pointer[url.URL]
	send  *http.Transport
}

func newStorage(p *plan, n *names) *storage {
	return &storage{plan: p, names: n, send: &http.Transport{MaxIdleConnsPerHost: 64}}
}

// ServeHTTP carries a call out and spoils it, or one of the two.
func (s *storage) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler) // the caller is gone
	}
	var trouble s3Trouble
	if kind, job, menu := s.classify(r, body); job != "" {
		if f := next(s.plan, kind, job, mostS3, menu); f != nil {
			trouble = f.do
		}
	}
	var got *answer
	if trouble.after || trouble == (s3Trouble{}) {
		// What is lost or withheld goes through though its caller is gone.
		if got, err = s.forward(context.WithoutCancel(r.Context()), r, body); err != nil {
			cut(w)
			return
		}
	}
	switch {
	case trouble.hold:
		<-r.Context().Done()
		panic(http.ErrAbortHandler)
	case trouble.cut:
		cut(w)
	case trouble.status != 0:
		w.Header().Set("Content-Type", "application/xml")
		w.WriteHeader(trouble.status)
		fmt.Fprintf(w, "<?xml version=\"1.0\"?><Error><Code>%s</Code><Message>planned</Message></Error>", trouble.code)
	case trouble.half && len(got.body) > 1:
		got.header.Set("Content-Length", fmt.Sprint(len(got.body)))
		got.body = got.body[:len(got.body)/2]
		got.write(w)
		panic(http.ErrAbortHandler)
	default:
		got.write(w)
	}
}

// classify says what a call is, whose, and what can happen to it. A call of no
// job is left alone.
func (s *storage) classify(r *http.Request, body []byte) (kind, job string, menu []fault[s3Trouble]) {
	_, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	query := r.URL.Query()
	folder, rest, _ := strings.Cut(key, "/")
	switch folder {
	case "jobs":
		id := strings.TrimSuffix(rest, ".json")
		job = s.names.await(r.Context(), id)
		if r.Method == http.MethodGet {
			return "s3 get entry", job, s3Reads
		}
		s.noteClaim(job, id, body)
		if s.plan.calm(job) {
			return "", "", nil
		}
		return "s3 put entry", job, s3Conditional
	case "videos":
		id, name, _ := strings.Cut(rest, "/")
		job = s.names.await(r.Context(), id)
		switch {
		case r.Method == http.MethodGet && name == "video.json":
			return "s3 get manifest", job, s3Reads
		case r.Method == http.MethodGet:
			return "s3 get video", job, s3Reads
		case name == "video.json":
			return "s3 put manifest", job, s3Conditional
		case query.Has("uploads"):
			return "s3 create upload", job, s3Writes
		case query.Has("partNumber"):
			return "s3 upload part", job, s3Writes
		case query.Has("uploadId") && r.Method == http.MethodDelete:
			return "s3 abort upload", job, s3Writes
		case query.Has("uploadId"):
			return "s3 complete upload", job, s3Writes
		}
		return "s3 put video", job, s3Writes
	case "contents":
		job = s.names.await(r.Context(), strings.TrimSuffix(rest, ".json"))
		if r.Method == http.MethodGet {
			return "s3 get content", job, s3Reads
		}
		return "s3 put content", job, s3Conditional
	case "chaos":
		name, _, _ := strings.Cut(rest, ".")
		return "s3 get prompt", name, s3Reads
	}
	return "", "", nil
}

// noteClaim learns from the ledger which claim a look-up is for.
func (s *storage) noteClaim(job, id string, body []byte) {
	var entry video.Entry
	if json.Unmarshal(body, &entry) == nil && !entry.ClaimedAt.IsZero() {
		s.names.claimed(claim{job: job, id: id, at: entry.ClaimedAt})
	}
}

// answer is a whole one.
type answer struct {
	status int
	header http.Header
	body   []byte
}

func (s *storage) forward(ctx context.Context, in *http.Request, body []byte) (*answer, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	out := in.Clone(ctx)
	to := s.to.Load()
	out.URL.Scheme, out.URL.Host, out.RequestURI = to.Scheme, to.Host, ""
	out.Body, out.ContentLength, out.TransferEncoding = io.NopCloser(bytes.NewReader(body)), int64(len(body)), nil
	if len(body) == 0 {
		out.Body = http.NoBody
	}
	response, err := s.send.RoundTrip(out)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	got, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	return &answer{status: response.StatusCode, header: response.Header, body: got}, nil
}

func (a *answer) write(w http.ResponseWriter) {
	for name, values := range a.header {
		w.Header()[name] = values
	}
	w.WriteHeader(a.status)
	if _, err := w.Write(a.body); err != nil {
		panic(http.ErrAbortHandler) // the caller is gone
	}
}

// cut ends a connection without an answer, with a reset.
func cut(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // without it the caller sees an early end, all the same
	}
	_ = conn.Close()
}

// sendTo says where the calls go. It is called before any comes.
func (s *storage) sendTo(address string) error {
	to, err := url.Parse(address)
	s.to.Store(to)
	return err
}
