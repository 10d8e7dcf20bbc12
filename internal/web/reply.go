package web

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"

	"github.com/takeup/takeup/internal/intake"
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
	Usage usage `json:"usage"`
}

type usage struct {
	Credits int64 `json:"credits_used"`
}

// reply puts a view into the provider's words. The url is of a completed job.
func reply(v intake.View, url string) generation {
	g := generation{ID: v.ID, Status: string(v.State)}
	if v.Manifest != nil {
		g.Video = &file{URL: url, Duration: v.Manifest.Request.Duration()}
		g.Meta = &meta{Usage: usage{Credits: v.Manifest.CreditsUsed}}
	}
	if v.Ending != nil {
		g.Error = &failure{Name: v.Ending.Error, Message: v.Ending.Message}
	}
	return g
}

// errorBody is the provider's reply to what it refuses.
type errorBody struct {
	Message    any    `json:"message"` // a string, or a list of them, one a wrong field
	Path       string `json:"path"`
	RequestID  string `json:"requestId"`
	StatusCode int    `json:"statusCode"`
	Timestamp  string `json:"timestamp"`
}

// problem is why a request isn't done.
type problem struct {
	status int
	said   []string // what was wrong and what to do; one, or one a wrong field
	fields bool     // said is a list of wrong fields
	cause  error    // for the log only
}

func (p *problem) message() any {
	if p.fields {
		return p.said
	}
	return p.said[0]
}

func refuse(status int, format string, args ...any) answer {
	return answer{problem: &problem{status: status, said: []string{fmt.Sprintf(format, args...)}}}
}

// refuseFields names each wrong field and its fix. A request that is wrong as a
// whole has one message and no field.
func refuseFields(invalid *video.InvalidRequest) answer {
	p := &problem{status: http.StatusBadRequest}
	for _, f := range invalid.Fields {
		if f.Field == "" {
			p.said = append(p.said, f.Message)
			continue
		}
		p.fields = true
		p.said = append(p.said, f.Field+" "+f.Message)
	}
	return answer{problem: p}
}

// unavailable answers trouble with AWS, whose words are for the log: they name
// accounts and resources.
func unavailable(job string, cause error, said string) answer {
	return answer{
		job:     job,
		header:  map[string]string{"Retry-After": strconv.Itoa(retryAfterSeconds)},
		problem: &problem{status: http.StatusServiceUnavailable, said: []string{said}, cause: cause},
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
