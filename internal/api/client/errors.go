package client

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/video"
)

// Refused says that the API refused a call.
type Refused struct {
	Status   int
	Messages []string           // what was wrong and what to do
	Fields   []video.FieldError // each wrong field; empty where it names none
	// RetryAfter is when the call may succeed; 0 where the response doesn't say.
	RetryAfter time.Duration
}

func (e *Refused) Error() string {
	said := fmt.Sprintf("the API refused it (%d): %s", e.Status, strings.Join(e.Messages, "\n  "))
	if e.Unauthorized() {
		said = strings.TrimSuffix(said, ".") + "; check that the address and the token belong to the same stack, and that the token was not revoked: takeup token list shows the names of all tokens"
	}
	return said
}

// Passing reports whether the same call may succeed in a moment.
func (e *Refused) Passing() bool { return e.Status == http.StatusTooManyRequests || e.Status >= 500 }

// Invalid reports whether the call can never succeed as it is.
func (e *Refused) Invalid() bool {
	switch e.Status {
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity:
		return true
	}
	return false
}

// Unauthorized reports whether the token was not accepted.
func (e *Refused) Unauthorized() bool { return e.Status == http.StatusUnauthorized }

// State reports whether there is no such job, or the job's state doesn't allow the call.
// A conflict that will pass has a RetryAfter, and is not one of these.
func (e *Refused) State() bool {
	return e.Status == http.StatusNotFound || e.Status == http.StatusConflict && e.RetryAfter == 0
}

// Names reports whether the API found a field wrong.
func (e *Refused) Names(field string) bool {
	for _, f := range e.Fields {
		if f.Field == field {
			return true
		}
	}
	return false
}

// Unreachable says that a call got no complete response. The API may have carried it
// out.
type Unreachable struct {
	Address string
	Err     error
}

func (e *Unreachable) Error() string {
	return fmt.Sprintf("the API at %s does not answer: %v", e.Address, e.Err)
}

func (e *Unreachable) Unwrap() error { return e.Err }

// Unexpected says that a response is not one of Takeup's API.
type Unexpected struct{ Address, What string }

func (e *Unexpected) Error() string { return e.What + "; is " + e.Address + " Takeup's API?" }

// refusal returns the error of a response that isn't a success.
func refusal(response *http.Response, data []byte) error {
	e := &Refused{Status: response.StatusCode}
	if seconds, err := strconv.Atoi(response.Header.Get("Retry-After")); err == nil && seconds > 0 {
		e.RetryAfter = time.Duration(seconds) * time.Second
	}
	var body api.Error
	_ = json.Unmarshal(data, &body) // another server's error may have another shape
	e.Messages, e.Fields = body.Message.Texts(), body.Fields
	if len(e.Messages) == 0 {
		e.Messages = []string{http.StatusText(response.StatusCode) + "; is that the address of Takeup's API?"}
	}
	return e
}
