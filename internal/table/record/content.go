package record

import "time"

// Content records the content of a prompt file, and the job that it first became, whatever
// key it was uploaded to. It is stored under the SHA-256 of the file's bytes, and
// distinguishes a copy of a file from a new request.
type Content struct {
	// Job is the job's id; empty if the content is unknown. It is recorded before the job
	// is started, so the job may not exist yet.
	Job string `json:"job"`
	// Key is the key of the file that became the job. Its extension says how the file was
	// parsed.
	Key string `json:"key"`
	// Copied says that the file was a copy, made at At.
	Copied bool      `json:"copied,omitempty"`
	At     time.Time `json:"at"`
	// Origin is the key of the file that was copied, if S3 notified of the copy first. Both
	// are the same job.
	Origin string `json:"origin,omitempty"`
	// Refused says that the content was refused, since its upload form had been used for
	// another one.
	Refused bool `json:"refused,omitempty"`
}
