package sim

import (
	"net/http"
	"time"

	"github.com/takeup/takeup/internal/provider/aimlapi/sim/cdn"
	"github.com/takeup/takeup/internal/provider/aimlapi/sim/script"
)

// download handles the CDN's route: GET and HEAD, ranges, If-Range and the other conditions.
func (s *Server) download(w http.ResponseWriter, r *http.Request) {
	x := s.begin(r)
	started := s.clock()
	s.meet(x, script.KindDownload)
	answer, done, err := s.spoil(x, reply{})
	switch {
	case err != nil:
		s.line(x, script.KindDownload, 0, started)
		drop(w)
	case done:
		s.line(x, script.KindDownload, answer.status, started)
		s.write(w, x, answer)
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		http.Error(w, "Method Not Allowed", http.StatusMethodNotAllowed)
	case !s.signer.Valid(r.URL.Path, x.query, s.clock()):
		s.line(x, script.KindDownload, http.StatusForbidden, started)
		http.Error(w, "Forbidden", http.StatusForbidden)
	default:
		s.send(w, r, x, started)
	}
}

func (s *Server) send(w http.ResponseWriter, r *http.Request, x *exchange, started time.Time) {
	s.mu.Lock()
	g := s.byInference[cdn.ID(r.URL.Path)]
	if g != nil {
		g.Downloaded++
	}
	pace := cdn.Pace{BytesPerSecond: s.settings.VideoBytesPerSecond, Sleep: s.sleep}
	s.mu.Unlock()
	if g == nil {
		http.NotFound(w, r)
		return
	}
	x.inferenceID = g.InferenceID
	status, ended := cdn.Send(w, r, cdn.File{InferenceID: g.InferenceID, EndsAt: g.EndsAt, Clip: g.video}, x.fault, pace)
	s.line(x, script.KindDownload, status, started)
	if ended && x.fault.StallAfter > 0 {
		<-r.Context().Done()
	}
	if ended {
		panic(http.ErrAbortHandler) // closes without a reset, so that what was sent arrives
	}
}
