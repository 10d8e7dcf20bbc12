package video

import "time"

// Content is what is known of a text that was uploaded as a prompt file,
// whatever its keys: the job that it first became. It is kept by the SHA-256 of
// the file's bytes, and tells a copy of a file from a new request.
type Content struct {
	// Job is the job's id; empty where nothing is known of the text. It is
	// recorded before the job is started, so the job may not be there yet.
	Job string `json:"job"`
	// Key is the file that became the job. Its extension says how it was read.
	Key string `json:"key"`
	// Copied says that the file was a copy, made at At.
	Copied bool      `json:"copied,omitempty"`
	At     time.Time `json:"at"`
	// Origin is the file that a copied one was copied from, where S3 told of
	// the copy first. Both are the same job.
	Origin string `json:"origin,omitempty"`
	// Refused says that the text was not taken after all, since its upload form
	// had been used for another one.
	Refused bool `json:"refused,omitempty"`
}
