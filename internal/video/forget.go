package video

import (
	"slices"
	"time"
)

// forgotten replaces a cleared text.
const forgotten = "forgotten with the request"

// Forget clears the texts of the request, and the provider's messages, which may quote
// them. The id, the hash, the times and the money stay. The time of the first call is kept;
// later calls clear what was added since.
func (e *Entry) Forget(at time.Time) {
	if e.ForgottenAt.IsZero() {
		e.ForgottenAt = at
	}
	e.Request = e.Request.Outline()
	if e.Refusal != nil {
		e.Refusal = &Refused{Kind: e.Refusal.Kind}
	}
	if e.Outcome != nil {
		cleared := e.Outcome.outline()
		e.Outcome = &cleared
	}
	if e.Manifest != nil {
		cleared := e.Manifest.Forget(e.RequestHash, e.ForgottenAt)
		e.Manifest = &cleared
	}
	e.Progress = slices.Clone(e.Progress)
	for i, p := range e.Progress {
		e.Progress[i] = p.Outline()
	}
}

// Forget returns the manifest of a job that was forgotten at a time. hash is that of the
// request as it was sent, so that an equal request is still recognised.
func (m Manifest) Forget(hash string, at time.Time) Manifest {
	m.Request, m.RequestHash, m.ForgottenAt, m.Poster = m.Request.Outline(), hash, at, false
	return m
}

// Outline returns the request without its owner's texts: the model, the shape of the video,
// numbers and booleans. It is not a valid request, and its hash differs.
func (r Request) Outline() Request { return Request{values: r.values.Outline()} }
