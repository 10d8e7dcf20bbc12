package video

import (
	"fmt"
	"time"
)

// Status is the state of a job for the state machine's choices.
type Status string

// The four statuses. A job that ends without a video has no status: it ends with an error
// (outcomes.go).
const (
	// Waiting: not accepted by the provider yet. There was no room, or a submission was not
	// answered and is being looked up.
	Waiting Status = "waiting"
	// Generating: accepted, and charged when it completes; no video yet.
	Generating Status = "generating"
	// Completed: the provider has the video; it isn't in our bucket yet.
	Completed Status = "completed"
	// Stored: the verified video and its manifest are in the videos bucket.
	Stored Status = "stored"
)

// Job is the state that the steps of the state machine pass on. It has neither a prompt nor
// a URL, since executions are read by more people, and kept longer, than either should be.
type Job struct {
	ID           string    `json:"id"`
	CreatedAt    time.Time `json:"created_at,omitzero"`
	GenerationID string    `json:"generation_id,omitempty"`
	Provider     string    `json:"provider,omitempty"` // the name of the provider that makes the video
	Handle       string    `json:"handle,omitempty"`   // identifies the generation at the provider; only its adapter interprets it
	Model        string    `json:"model,omitempty"`
	Duration     int       `json:"duration,omitempty"` // seconds of video
	SubmittedAt  time.Time `json:"submitted_at,omitzero"`
	// RunningAt is when the provider last said that the generation is running; zero if it
	// never did.
	RunningAt   time.Time `json:"running_at,omitzero"`
	CompletedAt time.Time `json:"completed_at,omitzero"` // when a poll found it done
	Polls       int       `json:"polls,omitempty"`       // how often this execution polled
	Looks       int       `json:"looks,omitempty"`       // how often it tried for room below a limit
	Status      Status    `json:"status"`
	// WaitSeconds is how long the state machine waits before the next step. It is at least
	// 1, the minimum of a Wait state here.
	WaitSeconds int `json:"wait_seconds"`
	// Video is the s3:// address of the stored video.
	Video string `json:"video,omitempty"`
}

// ValidID reports whether id can be a job's id. An id is used as an execution's name and in
// S3 keys; 70 characters leave room for a redrive's suffix within the 80 that Step
// Functions allows.
func ValidID(id string) bool {
	if len(id) < 1 || len(id) > 70 {
		return false
	}
	for _, c := range []byte(id) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '_', c == '-':
		default:
			return false
		}
	}
	return true
}

// CheckID returns an error that says why id can't be a job's id; nil if it can.
func CheckID(id string) error {
	if ValidID(id) {
		return nil
	}
	return &InvalidRequest{Fields: []FieldError{{Field: "id", Message: fmt.Sprintf("is %.100q; a job's id is 1 to 70 of A-Z a-z 0-9 _ and -", id)}}}
}
