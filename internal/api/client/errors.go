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

// Refused is a call that the API refused, in its own words.
type Refused struct {
	Status   int
	Messages []string           // what was wrong and what to do
	Fields   []video.FieldError // the wrong fields, where it names some
	// RetryAfter is after what time it may be taken; 0 where it doesn't say.
	RetryAfter time.Duration
}

func (e *Refused) Error() string {
	said := fmt.Sprintf("the API refused it (%d): %s", e.Status, strings.Join(e.Messages, "\n  "))
	if e.Unauthorized() {
		said = strings.TrimSuffix(said, ".") + "; see that the address and the token are of the same stack, and that it was not revoked; takeup token list shows the names of those that there are"
	}
	return said
}

// Passing reports whether the same call may be taken in a moment.
func (e *Refused) Passing() bool { return e.Status == http.StatusTooManyRequests || e.Status >= 500 }

// Invalid reports whether the call can't be taken as it is, ever.
func (e *Refused) Invalid() bool {
	switch e.Status {
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity:
		return true
	}
	return false
}

// Unauthorized reports whether the token is not accepted.
func (e *Refused) Unauthorized() bool { return e.Status == http.StatusUnauthorized }

// State reports whether there is no such job, or none in a state for the call. A
// conflict that passes by itself says when to try again.
func (e *Refused) State() bool {
	return e.Status == http.StatusNotFound || e.Status == http.StatusConflict && e.RetryAfter == 0
}

// Names reports whether a field is among those that the API found wrong.
func (e *Refused) Names(field string) bool {
	for _, f := range e.Fields {
		if f.Field == field {
			return true
		}
	}
	return false
}

// Unreachable is a call that got no whole answer. It may have been taken.
type Unreachable struct {
	Address string
	Err     error
}

func (e *Unreachable) Error() string {
	return fmt.Sprintf("the API at %s does not answer: %v", e.Address, e.Err)
}

func (e *Unreachable) Unwrap() error { return e.Err }

// Unexpected is an answer that isn't Takeup's.
type Unexpected struct{ Address, What string }

func (e *Unexpected) Error() string { return e.What + "; is " + e.Address + " Takeup's API?" }

// refusal makes an error of a response that isn't a success.
func refusal(response *http.Response, data []byte) error {
	e := &Refused{Status: response.StatusCode}
	if seconds, err := strconv.Atoi(response.Header.Get("Retry-After")); err == nil && seconds > 0 {
		e.RetryAfter = time.Duration(seconds) * time.Second
	}
	var body api.Error
	_ = json.Unmarshal(data, &body) // what has another shape stays empty
	e.Messages, e.Fields = body.Message.Texts(), body.Fields
	if len(e.Messages) == 0 {
		e.Messages = []string{http.StatusText(response.StatusCode) + "; is that the address of Takeup's API?"}
	}
	return e
}
