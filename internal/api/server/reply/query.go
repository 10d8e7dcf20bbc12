package reply

import (
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/video"
)

// defaultPage is how many videos or batches a page has unless the query says.
const defaultPage = 20

// ReadFlag reads a query parameter that is true or false.
func ReadFlag(query url.Values, name string, unless bool) (bool, *Response) {
	switch {
	case !query.Has(name):
		return unless, nil
	case query.Get(name) == "true":
		return true, nil
	case query.Get(name) == "false":
		return false, nil
	}
	refused := RefuseField(http.StatusBadRequest, name, "takes true or false")
	return false, &refused
}

// ReadLimit reads how many elements a page has.
func ReadLimit(query url.Values) (int, []video.FieldError) {
	if !query.Has(api.ParamLimit) {
		return defaultPage, nil
	}
	n, err := strconv.Atoi(query.Get(api.ParamLimit))
	if err != nil || n < 1 || n > api.MaxPage {
		return 0, []video.FieldError{{Field: api.ParamLimit, Message: "takes a whole number from 1 to " + strconv.Itoa(api.MaxPage)}}
	}
	return n, nil
}

// CheckCursor names an empty cursor as wrong.
func CheckCursor(query url.Values) []video.FieldError {
	if query.Has(api.ParamCursor) && query.Get(api.ParamCursor) == "" {
		return []video.FieldError{{Field: api.ParamCursor, Message: "is empty; leave it out to start with the newest"}}
	}
	return nil
}

// ReadTime reads a time, or the beginning of a day in UTC. The year has four digits.
func ReadTime(s string) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339Nano, time.DateOnly} {
		if at, err := time.Parse(layout, s); err == nil && at.UTC().Year() > 0 && at.UTC().Year() < 10000 {
			return at, true
		}
	}
	return time.Time{}, false
}
