package chaos

import (
	"fmt"
	"net/http"
	"strings"
)

var (
	s3Any = []fault[trouble]{
		{name: "503", weight: 3, do: trouble{status: 503, code: "SlowDown"}},
		{name: "503, for long", weight: 2, burst: longestBurst, do: trouble{status: 503, code: "SlowDown"}},
		{name: "reset before", weight: 2, do: trouble{cut: true}},
		{name: "withheld before", weight: 0.15, do: trouble{hold: true}},
	}
	s3Reads = append([]fault[trouble]{
		{name: "answer broken off", weight: 1, do: trouble{after: true, half: true}},
	}, s3Any...)
	s3Writes = append([]fault[trouble]{
		{name: "written, answer lost", weight: 3, do: trouble{after: true, cut: true}},
		{name: "written, 500 answered", weight: 3, do: trouble{after: true, status: 500, code: "InternalError"}},
		{name: "written, answers lost for long", weight: 1, burst: longestBurst, do: trouble{after: true, cut: true}},
		{name: "written, withheld", weight: 0.15, do: trouble{after: true, hold: true}},
	}, s3Any...)
	s3Conditional = append([]fault[trouble]{
		{name: "409", weight: 2, do: trouble{status: 409, code: "ConditionalRequestConflict"}},
		{name: "412", weight: 2, do: trouble{status: 412, code: "PreconditionFailed"}},
		{name: "written, 412 answered", weight: 2, do: trouble{after: true, status: 412, code: "PreconditionFailed"}},
	}, s3Writes...)
)

// newStorage makes the proxy before S3.
func newStorage(p *plan, n *names) *proxy {
	return newProxy(p, n, classifyS3, func(w http.ResponseWriter, t trouble) {
		w.Header().Set("Content-Type", "application/xml")
		w.WriteHeader(t.status)
		fmt.Fprintf(w, "<?xml version=\"1.0\"?><Error><Code>%s</Code><Message>planned</Message></Error>", t.code)
	})
}

// classifyS3 says what a call is, whose, and what can happen to it. A call of no
// job is left alone.
func classifyS3(p *proxy, r *http.Request, _ []byte) (kind, job string, menu []fault[trouble]) {
	_, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	query := r.URL.Query()
	folder, rest, _ := strings.Cut(key, "/")
	switch folder {
	case "videos":
		id, name, _ := strings.Cut(rest, "/")
		job = p.names.await(r.Context(), id)
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
	case "chaos":
		name, _, _ := strings.Cut(rest, ".")
		return "s3 get prompt", name, s3Reads
	}
	return "", "", nil
}
