package sim

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/takeup/takeup/internal/provider/aimlapi/sim/cdn"
	"github.com/takeup/takeup/internal/provider/aimlapi/sim/contract"
	"github.com/takeup/takeup/internal/provider/aimlapi/sim/script"
)

// maxBody bounds a request's body; the provider's own limit is unknown.
const maxBody = 1 << 20

// clientRequestID matches the X-Client-Request-Id values that the provider keeps; it silently drops any other.
var clientRequestID = regexp.MustCompile(`^[A-Za-z0-9._:-]{1,128}$`)

// exchange is one call to the provider's API, with its reply's identifiers.
type exchange struct {
	r           *http.Request
	query       url.Values
	body        []byte
	key         string
	known       bool // the key is in the settings
	requestID   string
	inferenceID string
	clientID    string
	fault       script.Fault
	record      *Create // of a create
}

// reply is the response to a call.
type reply struct {
	status int
	header http.Header
	body   any // raw bytes as []byte, else anything that encoding/json takes
}

// errorBody is the provider's shape of a refusal.
type errorBody struct {
	Message    any    `json:"message"` // a string, or a list of them
	Path       string `json:"path"`
	RequestID  string `json:"requestId"`
	StatusCode int    `json:"statusCode"`
	Timestamp  string `json:"timestamp"`
}

// refuse returns a reply in the provider's error shape.
func (s *Server) refuse(x *exchange, status int, message any) reply {
	return reply{status: status, body: errorBody{message, x.r.URL.Path, x.requestID, status, contract.Time(s.clock())}}
}

// serve answers a call to the provider's API.
func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	started := s.clock()
	x := s.begin(r)
	route, found := s.routes[r.Method+" "+r.URL.Path]
	answer, err := s.answer(w, x, route, found)
	if err != nil {
		s.line(x, route.kind, 0, started)
		drop(w)
		return
	}
	s.finish(x, answer.status)
	s.line(x, route.kind, answer.status, started)
	s.write(w, x, answer)
}

// answer returns the reply; an error means that there will be none.
func (s *Server) answer(w http.ResponseWriter, x *exchange, route route, found bool) (reply, error) {
	if !found {
		return s.refuse(x, http.StatusNotFound, "Cannot "+x.r.Method+" "+x.r.URL.Path), nil
	}
	var err error
	x.body, err = io.ReadAll(http.MaxBytesReader(w, x.r.Body, maxBody))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return s.refuse(x, http.StatusRequestEntityTooLarge, "request entity too large"), nil
	case err != nil:
		return reply{}, err // the caller hung up before the end of its body
	}
	s.meet(x, route.kind)
	return s.carryOut(x, route)
}

// errDropped says that the call gets no reply: the fault says so, or the caller has hung up.
var errDropped = errors.New("simulator: the connection is dropped")

// carryOut handles a call, with its fault before and after.
func (s *Server) carryOut(x *exchange, route route) (reply, error) {
	if !x.fault.After {
		answer, done, err := s.spoil(x, reply{})
		if err != nil {
			return reply{}, err
		}
		if done {
			s.rejected(x, route.kind)
			return answer, nil
		}
	}
	var answer reply
	if !route.public && !x.known {
		answer = s.refuse(x, http.StatusUnauthorized,
			"You've provided an invalid API key. Check it, or create another one.")
	} else {
		answer = route.handle(x)
	}
	if !x.fault.After {
		return answer, nil
	}
	spoilt, _, err := s.spoil(x, answer)
	return spoilt, err
}

// spoil applies the fault to a whole reply, and reports whether it replaced the reply.
func (s *Server) spoil(x *exchange, answer reply) (reply, bool, error) {
	f := x.fault
	if f.DelaySeconds > 0 {
		if err := s.sleep(x.r.Context(), seconds(f.DelaySeconds)); err != nil {
			return reply{}, false, errDropped
		}
	}
	switch {
	case f.Reset:
		return reply{}, false, errDropped
	case f.Body != "":
		answer = reply{status: cmp.Or(f.Status, answer.status, http.StatusOK), body: []byte(f.Body)}
	case f.Status != 0:
		answer = s.refuse(x, f.Status, http.StatusText(f.Status))
	default:
		return answer, false, nil
	}
	if f.RetryAfter != "" {
		answer.header = http.Header{"Retry-After": {f.RetryAfter}}
	}
	return answer, true, nil
}

// begin parses what all calls have in common.
func (s *Server) begin(r *http.Request) *exchange {
	x := &exchange{r: r, query: r.URL.Query()}
	if scheme, key, ok := strings.Cut(r.Header.Get("Authorization"), " "); ok && strings.EqualFold(scheme, "Bearer") {
		x.key = strings.TrimSpace(key)
	}
	if id := r.Header.Get("X-Client-Request-Id"); clientRequestID.MatchString(id) {
		x.clientID = id
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	x.known = slices.Contains(s.settings.Keys, x.key)
	x.requestID, x.inferenceID = uuid4(s.rand), uuid4(s.rand)
	return x
}

// meet counts the call, records it if it is a create, and selects its fault.
func (s *Server) meet(x *exchange, kind script.Kind) {
	call := script.Call{Kind: kind}
	switch kind {
	case script.KindCreate:
		call.ID = x.clientID
	case script.KindRetrieve:
		call.ID = x.query.Get("generation_id")
	case script.KindDownload:
		call.ID = cdn.ID(x.r.URL.Path)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.settle()
	s.calls[kind]++
	call.Count = s.calls[kind]
	if call.ID != "" {
		repeat := string(kind) + " " + call.ID
		s.repeats[repeat]++
		call.Repeat = s.repeats[repeat]
	}
	if s.plan != nil {
		x.fault = s.plan(call)
	}
	if x.fault.None() {
		x.fault = s.ruled(kind)
	}
	if !x.fault.None() {
		s.faults[string(kind)+"/"+x.fault.Label()]++
	}
	if kind == script.KindCreate {
		x.record = &Create{At: now, Route: x.r.URL.Path, ClientRequestID: x.clientID, Key: x.key,
			KeyPrefix: keyPrefix(x.key), Body: string(x.body)}
		if !x.fault.None() {
			x.record.Fault = x.fault.Label()
		}
		s.creates = append(s.creates, x.record)
	}
}

// ruled returns the settings' fault for the next call of this kind. The caller holds the lock.
func (s *Server) ruled(kind script.Kind) script.Fault {
	var fault script.Fault
	for i, rule := range s.settings.Faults {
		if rule.On != kind {
			continue
		}
		s.ruleCalls[i]++
		n := s.ruleCalls[i] - rule.Skip
		if fault.None() && n > 0 && (rule.Times == 0 || n <= rule.Times) {
			fault = rule.Fault
		}
	}
	return fault
}

func (s *Server) finish(x *exchange, status int) {
	if x.record == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	x.record.Status = status
}

func (s *Server) write(w http.ResponseWriter, x *exchange, answer reply) {
	body, raw := answer.body.([]byte)
	if !raw {
		var text bytes.Buffer
		encoder := json.NewEncoder(&text)
		encoder.SetEscapeHTML(false) // the provider doesn't escape the & in a URL
		if err := encoder.Encode(answer.body); err != nil {
			s.log.Error("reply", "error", err)
			drop(w)
			return
		}
		body = bytes.TrimSpace(text.Bytes())
	}
	h := w.Header()
	for name, values := range answer.header {
		h[name] = values
	}
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("X-Inference-Id", x.inferenceID)
	if x.clientID != "" {
		h.Set("X-Client-Request-Id", x.clientID)
	}
	w.WriteHeader(answer.status)
	if _, err := io.Copy(w, bytes.NewReader(body)); err != nil {
		s.log.Debug("reply not taken", "error", err)
	}
}

func (s *Server) line(x *exchange, kind script.Kind, status int, started time.Time) {
	attrs := []any{"kind", string(kind), "method", x.r.Method, "path", x.r.URL.Path, "status", status,
		"inference_id", x.inferenceID, "client_request_id", x.clientID, "elapsed_ms", s.clock().Sub(started).Milliseconds()}
	if !x.fault.None() {
		attrs = append(attrs, slog.String("fault", x.fault.Label()))
	}
	s.log.Info("call", attrs...)
}

// drop closes the connection without another byte, with a TCP reset if it is TCP.
func drop(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler) // closes a connection that can't be hijacked
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		// Without lingering, Close sends RST. If it can't be set, the caller still sees an early end.
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}
