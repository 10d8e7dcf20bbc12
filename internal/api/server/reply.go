package server

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/takeup/takeup/internal/jobs"
	"github.com/takeup/takeup/internal/provider/aimlapi"
	"github.com/takeup/takeup/internal/video"
)

// generation is the provider's reply to both calls.
type generation struct {
	ID     string   `json:"id"`
	Status string   `json:"status"`
	Video  *file    `json:"video"`
	Error  *failure `json:"error"`
	Meta   *meta    `json:"meta"`
}

type file struct {
	URL      string `json:"url"`
	Duration int    `json:"duration,omitempty"` // seconds
}

type failure struct {
	Name    string `json:"name"`
	Message string `json:"message"`
}

type meta struct {
	Usage metaUsage `json:"usage"`
}

type metaUsage struct {
	Credits int64 `json:"credits_used"`
}

// reply puts a view into the provider's words. The url is of a completed job.
func reply(v jobs.View, url string) generation {
	g := generation{ID: v.ID, Status: string(v.State)}
	if v.Outcome != nil {
		g.Status = string(video.StateFailed) // the provider has no word for what we cancelled
	}
	if v.Manifest != nil {
		g.Video = &file{URL: url, Duration: v.Manifest.Request.Duration()}
		g.Meta = &meta{Usage: metaUsage{Credits: aimlapi.CreditsOfMicros(v.Manifest.ChargedMicros)}}
	}
	if v.Outcome != nil {
		g.Error = &failure{Name: v.Outcome.Name, Message: v.Outcome.Message}
	}
	return g
}

// errorBody is the provider's reply to what it refuses, and the wrong fields.
type errorBody struct {
	Message    any                `json:"message"` // a string, or a list of them, one a wrong field
	Errors     []video.FieldError `json:"errors,omitempty"`
	Path       string             `json:"path"`
	RequestID  string             `json:"requestId"`
	StatusCode int                `json:"statusCode"`
	Timestamp  string             `json:"timestamp"`
}

// problem is why a request isn't done.
type problem struct {
	status int
	said   string             // what was wrong and what to do; empty: fields say it
	fields []video.FieldError // each wrong field
	cause  error              // for the log only
}

func (p *problem) message() any {
	if p.said != "" {
		return p.said
	}
	said := make([]string, len(p.fields))
	for i, f := range p.fields {
		said[i] = strings.TrimSpace(f.Field + " " + f.Message)
	}
	return said
}

func refuse(status int, format string, args ...any) answer {
	return answer{problem: &problem{status: status, said: fmt.Sprintf(format, args...)}}
}

// refuseField names the one header or parameter that is wrong.
func refuseField(status int, field, format string, args ...any) answer {
	message := fmt.Sprintf(format, args...)
	return answer{problem: &problem{status: status, said: field + " " + message, fields: []video.FieldError{{Field: field, Message: message}}}}
}

// refuseFields names each wrong field and its fix. A request that is wrong as a
// whole has one message.
func refuseFields(fields []video.FieldError) answer {
	p := &problem{status: http.StatusBadRequest, fields: fields}
	if len(fields) == 1 && fields[0].Field == "" {
		p.said = fields[0].Message
	}
	return answer{problem: p}
}

// unavailable answers trouble with AWS, whose words are for the log: they name
// accounts and resources.
func unavailable(job string, cause error, said string) answer {
	return answer{
		job:     job,
		header:  map[string]string{"Retry-After": strconv.Itoa(retryAfterSeconds)},
		problem: &problem{status: http.StatusServiceUnavailable, said: said, cause: cause},
	}
}

// retryAfterSeconds is long enough for a throttled call to pass, and shorter than
// the time in which a job changes.
const retryAfterSeconds = 5

// write sends a body as JSON. A reply to HEAD has none: the Lambda runtime in
// between, unlike net/http's server, would send it.
func write(w http.ResponseWriter, r *http.Request, status int, body any) {
	if body == nil {
		w.WriteHeader(status)
		return
	}
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false) // the & of a URL stays one, for people who read it
	if err := encoder.Encode(body); err != nil {
		panic("web: a reply that can't be encoded: " + err.Error())
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(b.Bytes()) // the caller is gone; the job is not
	}
}
