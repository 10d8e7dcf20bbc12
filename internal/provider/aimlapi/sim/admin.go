package sim

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"

	"github.com/takeup/takeup/internal/provider/aimlapi/sim/script"
)

// adminPrefix is the path of the simulator's own endpoints, for tests that run it as a process. They need no key, so
// the simulator belongs on a loopback address.
const adminPrefix = "/_simulator/"

func (s *Server) admin(w http.ResponseWriter, r *http.Request) {
	switch r.Method + " " + r.URL.Path {
	case "GET /_simulator/ledger":
		s.show(w, http.StatusOK, s.Ledger())
	case "GET /_simulator/settings":
		s.show(w, http.StatusOK, s.shownSettings())
	case "POST /_simulator/settings":
		if err := s.patch(http.MaxBytesReader(w, r.Body, maxBody)); err != nil {
			s.show(w, http.StatusBadRequest, map[string]string{"error": err.Error()})
			return
		}
		s.log.Info("settings changed")
		s.show(w, http.StatusOK, s.shownSettings())
	case "GET /_simulator/video":
		s.adminVideo(w, r)
	default:
		s.show(w, http.StatusNotFound, map[string]string{
			"error": "GET ledger, GET or POST settings, and GET video?generation_id=ID are what there is"})
	}
}

// patch changes the settings named in the JSON object and leaves the others. It rejects unknown names.
func (s *Server) patch(body io.Reader) error {
	raw, err := io.ReadAll(body)
	if err != nil {
		return err
	}
	return s.change(func(settings *script.Settings) (bool, error) {
		// A list or object replaces the old one as a whole; decoding into the old one would merge the two.
		var given map[string]json.RawMessage
		if err := json.Unmarshal(raw, &given); err != nil {
			return false, err
		}
		if _, ok := given["keys"]; ok {
			settings.Keys = nil
		}
		_, faultsSet := given["faults"]
		if faultsSet {
			settings.Faults = nil
		}
		if _, ok := given["fate"]; ok {
			settings.Fate = script.Fate{}
		}
		decoder := json.NewDecoder(bytes.NewReader(raw))
		decoder.DisallowUnknownFields()
		return faultsSet, decoder.Decode(settings)
	})
}

// shownSettings returns the settings without the keys.
func (s *Server) shownSettings() script.Settings {
	settings := s.Settings()
	settings.Keys = nil
	return settings
}

// adminVideo serves a generation's file without a signature, for byte-for-byte comparison.
func (s *Server) adminVideo(w http.ResponseWriter, r *http.Request) {
	video, err := s.Video(r.URL.Query().Get("generation_id"))
	if err != nil {
		s.show(w, http.StatusNotFound, map[string]string{"error": err.Error()})
		return
	}
	w.Header().Set("Content-Type", "video/mp4")
	http.ServeContent(w, r, "", s.clock(), video.Open())
}

func (s *Server) show(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(v); err != nil {
		s.log.Debug("reply not taken", "error", err)
	}
}
