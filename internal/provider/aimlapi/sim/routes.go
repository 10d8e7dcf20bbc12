package sim

import (
	"encoding/json"
	"errors"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/takeup/takeup/internal/provider/aimlapi/models"
	"github.com/takeup/takeup/internal/provider/aimlapi/sim/contract"
	"github.com/takeup/takeup/internal/provider/aimlapi/sim/order"
	"github.com/takeup/takeup/internal/provider/aimlapi/sim/report"
	"github.com/takeup/takeup/internal/provider/aimlapi/sim/script"
)

// The provider's shape of a generation.
type (
	created struct {
		ID     string `json:"id"`
		Status string `json:"status"`
	}
	retrieved struct {
		ID     string           `json:"id"`
		Status string           `json:"status"`
		Video  any              `json:"video"` // nil, one videoFile, or a list of one
		Error  *generationError `json:"error"`
		Meta   *meta            `json:"meta"`
	}
	videoFile struct {
		URL string `json:"url"`
	}
	generationError struct {
		Name    string `json:"name"`
		Message string `json:"message"`
	}
	meta struct {
		Usage usage `json:"usage"`
	}
	usage struct {
		CreditsUsed int64    `json:"credits_used"`
		USDSpent    *float64 `json:"usd_spent,omitempty"`
	}
)

// create returns the handler of POST on a route; status 0 means the settings' UniversalStatus.
func (s *Server) create(route string, status int) func(*exchange) reply {
	return func(x *exchange) reply {
		if !isJSON(x.r.Header.Get("Content-Type")) {
			// The provider's framework parses no other type, and validates an empty body.
			x.body = []byte("{}")
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		now := s.settle()
		if answer, limited := s.limited(x, now); limited {
			s.note(x, now)
			return answer
		}
		o, err := s.orders.Read(route, x.body)
		if err != nil {
			s.note(x, now)
			var bad order.Refused
			if errors.As(err, &bad) {
				return s.refuse(x, http.StatusBadRequest, bad.Message)
			}
			return s.refuse(x, http.StatusInternalServerError, "Internal server error")
		}
		if s.balance < o.Credits {
			s.note(x, now)
			return s.refuse(x, http.StatusForbidden,
				"You've run out of credits. Please top up your balance or update your payment method to continue.")
		}
		g, err := s.accept(x, o, now)
		if err != nil {
			s.log.Error("accept", "error", err)
			return s.refuse(x, http.StatusInternalServerError, "Internal server error")
		}
		x.record.GenerationID = g.ID
		answer := reply{status: status, body: created{g.ID, word(x, "queued")}}
		if status == 0 {
			answer.status = s.settings.UniversalStatus
		}
		return answer
	}
}

// limited refuses a create above a limit. The caller holds the lock.
func (s *Server) limited(x *exchange, now time.Time) (reply, bool) {
	full := s.settings.Concurrent > 0 && s.running[x.key] >= s.settings.Concurrent
	if full || s.overRate(script.KindCreate, x.key, now, s.settings.CreatesPerMinute) {
		return s.tooMany(x), true
	}
	return reply{}, false
}

func (s *Server) tooMany(x *exchange) reply {
	answer := s.refuse(x, http.StatusTooManyRequests, "Too Many Requests")
	if s.settings.LimitRetryAfter != "" {
		answer.header = http.Header{"Retry-After": {s.settings.LimitRetryAfter}}
	}
	return answer
}

// overRate counts a call, and reports whether the key has exhausted its limit within the last minute; refused calls don't
// count. The caller holds the lock.
func (s *Server) overRate(kind script.Kind, key string, now time.Time, limit int) bool {
	if limit == 0 {
		return false
	}
	name := string(kind) + " " + key
	calls := slices.DeleteFunc(s.recent[name], func(t time.Time) bool { return now.Sub(t) >= time.Minute })
	over := len(calls) >= limit
	if !over {
		calls = append(calls, now)
	}
	s.recent[name] = calls
	return over
}

// rejected logs a create that a fault answered before it was handled.
func (s *Server) rejected(x *exchange, kind script.Kind) {
	if kind != script.KindCreate || !x.known {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.note(x, s.clock())
}

// note writes the failed log row of a refused create: the logs have one row per request. The caller holds the lock.
func (s *Server) note(x *exchange, now time.Time) {
	var body struct {
		Model any `json:"model"`
	}
	model := ""
	if json.Unmarshal(x.body, &body) == nil {
		model, _ = body.Model.(string)
	}
	s.rows = append(s.rows, report.Row{
		Created: now, Shown: now.Add(seconds(s.settings.LogsLagSeconds)), Key: x.key, Model: model,
		RequestID: x.requestID, InferenceID: x.inferenceID, ClientID: x.clientID,
	})
}

// retrieve handles GET on both routes. Any key of the account is accepted.
func (s *Server) retrieve(x *exchange) reply {
	id := x.query.Get("generation_id")
	if id == "" {
		return s.refuse(x, http.StatusBadRequest, []string{"generation_id should not be empty"})
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.settle()
	g := s.byID[id]
	if g == nil {
		return s.refuse(x, http.StatusNotFound, "Generation with id "+id+" not found")
	}
	g.Retrieved++
	x.inferenceID = g.InferenceID
	answer := retrieved{ID: g.ID, Status: g.status(now)}
	header := http.Header{}
	switch {
	case !g.ended(now):
	case g.Outcome == script.OutcomeError:
		answer.Error = failure(g.fate)
	default:
		answer.Meta = &meta{usage{CreditsUsed: g.ChargedCredits}}
		spent := contract.USD(g.ChargedCredits)
		if s.listsVideos(g.Model) {
			answer.Meta.Usage.USDSpent = &spent
		}
		header.Set("X-Aimlapi-Credits-Used", strconv.FormatInt(g.ChargedCredits, 10))
		header.Set("X-Aimlapi-Usd-Spent", strconv.FormatFloat(spent, 'f', -1, 64))
		answer.Video = s.videoOf(x, g, now)
	}
	answer.Status = word(x, answer.Status)
	return reply{status: http.StatusOK, header: header, body: answer}
}

// videoOf returns the reply's video: a URL made for this reply, unless the call's fault changes it.
func (s *Server) videoOf(x *exchange, g *generation, now time.Time) any {
	expires := now.Add(seconds(s.settings.URLSeconds))
	if x.fault.ExpiredURL {
		expires = now.Add(-time.Minute)
	}
	file := videoFile{s.signer.URL(x.r, g.InferenceID, expires)}
	switch {
	case x.fault.NoURL:
		return nil
	case x.fault.ListURL:
		return []videoFile{file}
	default:
		return file
	}
}

// failure returns the reply's error of a generation whose fate is one.
func failure(f script.Fate) *generationError {
	e := generationError{Name: f.ErrorName, Message: f.ErrorMessage}
	if e.Name == "" {
		e.Name = "Moderation Error"
	}
	if e.Message == "" {
		e.Message = "The prompt was refused by content moderation. Change it and try again."
	}
	return &e
}

// word returns the status to report: the true one, or the fault's.
func word(x *exchange, status string) string {
	if x.fault.Word != "" {
		return x.fault.Word
	}
	return status
}

// listsVideos reports whether a model's videos may be lists, as in the descriptions of two models.
func (s *Server) listsVideos(name string) bool {
	i := slices.IndexFunc(s.models, func(m models.Model) bool { return m.Name == name })
	return s.models[i].VideoList
}

func isJSON(contentType string) bool {
	media, _, err := mime.ParseMediaType(contentType)
	return err == nil && media == "application/json"
}
