package video

import (
	"encoding/base64"
	"encoding/binary"
	"time"
)

// Copied is what a transfer stored.
type Copied struct {
	Bytes int64
	CRC32 string // of the whole file, as CRC32 writes it
	// What the MP4 says of itself; zero if it doesn't.
	Duration      time.Duration
	Width, Height int // in pixels
}

// CRC32 writes a CRC-32 as S3 shows it: its four bytes, the highest first, in
// base64.
func CRC32(sum uint32) string {
	return base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint32(nil, sum))
}

// Manifest is the object beside a stored video, written after it: where there
// is a manifest, the video is whole and verified. Its schema is
// docs/manifest.schema.json.
type Manifest struct {
	ID           string  `json:"id"`
	Model        string  `json:"model"`
	Request      Request `json:"request"` // as it was sent, or the outline of a forgotten one
	GenerationID string  `json:"generation_id"`

	Origin Origin `json:"origin,omitzero"` // where the job came from

	CreatedAt   time.Time `json:"created_at"`            // the job was created
	SubmittedAt time.Time `json:"submitted_at"`          // the provider accepted it
	CompletedAt time.Time `json:"completed_at,omitzero"` // a poll found it done
	StoringAt   time.Time `json:"storing_at"`            // the Store step that stored it began
	StoredAt    time.Time `json:"stored_at"`             // the video was at its place
	Polls       int       `json:"polls"`                 // polls until it was done, since the last start

	Bytes int64  `json:"bytes"`
	CRC32 string `json:"crc32"` // of the whole file, as S3 shows it: base64
	// What the mp4 says of itself; left out where it doesn't.
	Seconds float64 `json:"seconds,omitempty"`
	Width   int     `json:"width,omitempty"` // in pixels
	Height  int     `json:"height,omitempty"`

	ChargedMicros   int64  `json:"charged_micros"`   // micro-dollars, as the provider says; 0 where it doesn't
	PipelineVersion string `json:"pipeline_version"` // of the code that stored it

	// Of a job that was forgotten: the hash of the request, and when that was.
	RequestHash string    `json:"request_hash,omitempty"`
	ForgottenAt time.Time `json:"forgotten_at,omitzero"`
}
