package video

import "time"

// Content is what is known of the content of a prompt file, under whatever key it was
// uploaded: the job that it first became. It is kept under the SHA-256 of the file's bytes,
// and distinguishes a copy of a file from a new request.
type Content struct {
	// Job is the job's id; empty where nothing is known of the text. It is
	// recorded before the job is started, so the job may not be there yet.
	Job string `json:"job"`
	// Key is that of the file that became the job. Its extension says how it was read.
	Key string `json:"key"`
	// Copied says that the file was a copy, made at At.
	Copied bool      `json:"copied,omitempty"`
	At     time.Time `json:"at"`
	// Origin is the key of the file that was copied, where S3 notified of the copy first.
	// Both are the same job.
	Origin string `json:"origin,omitempty"`
	// Refused says that the content was not taken, since its upload form had been used for
	// another one.
	Refused bool `json:"refused,omitempty"`
}
