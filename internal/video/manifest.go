package video

import (
	"encoding/base64"
	"encoding/binary"
	"time"
)

// Copied describes the file that a transfer stored.
type Copied struct {
	Bytes int64
	CRC32 string // of the whole file, as formatted by CRC32
	// Metadata from the MP4; zero if it has none.
	Duration      time.Duration
	Width, Height int // in pixels
}

// CRC32 formats a CRC-32 as S3 does: its four bytes, most significant first, in base64.
func CRC32(sum uint32) string {
	return base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint32(nil, sum))
}

// Manifest is the object beside a stored video. It is written after the video: if there is
// a manifest, the video is complete and verified. Its schema is docs/manifest.schema.json.
type Manifest struct {
	ID           string  `json:"id"`
	Model        string  `json:"model"`
	Request      Request `json:"request"` // as it was sent, or the outline of a forgotten one
	GenerationID string  `json:"generation_id"`

	Origin Origin `json:"origin,omitzero"` // where the job came from

	CreatedAt   time.Time `json:"created_at"`            // when the job was created
	SubmittedAt time.Time `json:"submitted_at"`          // when the provider accepted it
	CompletedAt time.Time `json:"completed_at,omitzero"` // when a poll found it done
	StoringAt   time.Time `json:"storing_at"`            // when the Store step that stored it began
	StoredAt    time.Time `json:"stored_at"`             // when the video was stored
	Polls       int       `json:"polls"`                 // polls until it was done, since the last start

	Bytes int64  `json:"bytes"`
	CRC32 string `json:"crc32"` // of the whole file, as S3 shows it: base64
	// Metadata from the MP4; left out if it has none.
	Seconds float64 `json:"seconds,omitempty"`
	Width   int     `json:"width,omitempty"` // in pixels
	Height  int     `json:"height,omitempty"`

	ChargedMicros   int64  `json:"charged_micros"`   // micro-dollars, as the provider says; 0 if it doesn't
	PipelineVersion string `json:"pipeline_version"` // of the code that stored it

	// Set for a forgotten job: the hash of its request, and when it was forgotten.
	RequestHash string    `json:"request_hash,omitempty"`
	ForgottenAt time.Time `json:"forgotten_at,omitzero"`

	// Poster is whether the bucket has a still picture of the video. Only the table has it.
	Poster bool `json:"-"`
}
