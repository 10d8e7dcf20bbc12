package reply

import (
	"net/http"

	"github.com/takeup/takeup/internal/api"
)

// Page returns a handler that serves a page, and logs the request.
func (a Replier) Page(page http.Handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		began, requestID := a.Now(), a.requestID(r)
		w.Header().Set(api.RequestIDHeader, requestID)
		recorder := &statusRecorder{ResponseWriter: w, code: http.StatusOK}
		page.ServeHTTP(recorder, r)
		if recorder.code != http.StatusNotFound { // the API's NotFound logs its own
			a.log(r, Response{Status: recorder.code}, requestID, began)
		}
	}
}

// statusRecorder remembers the status that was written.
type statusRecorder struct {
	http.ResponseWriter
	code int
}

func (s *statusRecorder) WriteHeader(status int) {
	s.code = status
	s.ResponseWriter.WriteHeader(status)
}
