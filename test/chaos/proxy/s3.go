package proxy

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/takeup/takeup/internal/bucket/objectkey"
	"github.com/takeup/takeup/test/chaos/faults"
)

var (
	s3Any = []faults.Fault[trouble]{
		{Name: "503", Weight: 3, Do: trouble{status: 503, code: "SlowDown"}},
		{Name: "503, for long", Weight: 2, Burst: faults.LongestBurst, Do: trouble{status: 503, code: "SlowDown"}},
		{Name: "reset before", Weight: 2, Do: trouble{cut: true}},
		{Name: "withheld before", Weight: 0.15, Do: trouble{hold: true}},
	}
	s3Reads = append([]faults.Fault[trouble]{
		{Name: "answer broken off", Weight: 1, Do: trouble{after: true, half: true}},
	}, s3Any...)
	s3Writes = append([]faults.Fault[trouble]{
		{Name: "written, answer lost", Weight: 3, Do: trouble{after: true, cut: true}},
		{Name: "written, 500 answered", Weight: 3, Do: trouble{after: true, status: 500, code: "InternalError"}},
		{Name: "written, answers lost for long", Weight: 1, Burst: faults.LongestBurst, Do: trouble{after: true, cut: true}},
		{Name: "written, withheld", Weight: 0.15, Do: trouble{after: true, hold: true}},
	}, s3Any...)
	s3Conditional = append([]faults.Fault[trouble]{
		{Name: "409", Weight: 2, Do: trouble{status: 409, code: "ConditionalRequestConflict"}},
		{Name: "412", Weight: 2, Do: trouble{status: 412, code: "PreconditionFailed"}},
		{Name: "written, 412 answered", Weight: 2, Do: trouble{after: true, status: 412, code: "PreconditionFailed"}},
	}, s3Writes...)

	// An answer that is withheld kills the function of a batch, which must be taken up again.
	s3BatchReads  = append([]faults.Fault[trouble]{{Name: "withheld", Weight: 1, Do: trouble{hold: true}}}, s3Reads...)
	s3BatchWrites = append([]faults.Fault[trouble]{{Name: "written, killed", Weight: 1, Do: trouble{after: true, hold: true}}}, s3Writes...)
)

// NewS3 returns the proxy in front of S3.
func NewS3(p *faults.Plan, n *faults.Names) *Proxy {
	return newProxy(p, n, classifyS3, func(w http.ResponseWriter, t trouble) {
		w.Header().Set("Content-Type", "application/xml")
		w.WriteHeader(t.status)
		fmt.Fprintf(w, "<?xml version=\"1.0\"?><Error><Code>%s</Code><Message>planned</Message></Error>", t.code)
	})
}

// classifyS3 returns the kind of a call, its job, and its possible faults. A call of no job is
// left alone.
func classifyS3(p *Proxy, r *http.Request, _ []byte) (kind, job string, menu []faults.Fault[trouble]) {
	_, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	query := r.URL.Query()
	folder, rest, _ := strings.Cut(key, "/")
	switch folder {
	case "videos":
		id, name, _ := strings.Cut(rest, "/")
		job = p.names.Await(r.Context(), id)
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
	case "chaos", "films":
		name, _, _ := strings.Cut(rest, ".")
		return "s3 get prompt", name, s3Reads
	case "uploads":
		_, name, _ := strings.Cut(rest, "/")
		id, _, _ := strings.Cut(name, ".")
		return "s3 get prompt", p.names.Of(id), s3Reads
	case "batches":
		id, name, _ := strings.Cut(rest, "/")
		return classifyBatch(p, r, p.names.Of(id), name)
	}
	return "", "", nil
}

// classifyBatch is classifyS3 for the files of a batch, by the part of their keys after its id.
// Those of a run are in a folder with its number.
func classifyBatch(p *Proxy, r *http.Request, batch, name string) (kind, job string, menu []faults.Fault[trouble]) {
	if batch == "" {
		return "", "", nil
	}
	run, file, ofRun := strings.Cut(name, "/")
	switch {
	case r.Method != http.MethodGet && ofRun:
		return "s3 put batch plan", batch + "/" + run, s3BatchWrites // each run counts by itself
	case r.Method != http.MethodGet:
		return "s3 put batch results", batch, s3BatchWrites
	case r.Header.Get("Range") != "" && file == objectkey.BatchRequests:
		kind = "s3 get batch request"
		return kind, p.plan.Turn(kind, batch, shared), s3BatchReads
	}
	return "s3 get batch plan", batch, s3BatchReads
}
