package api

import "time"

// The types of the prompt files that a form can be for.
const (
	UploadText = "txt"  // a prompt
	UploadJSON = "json" // a request object
)

// UploadRequest asks for a form.
type UploadRequest struct {
	Type string `json:"type"` // UploadText or UploadJSON
}

// Upload is an HTML form that uploads a prompt file to S3 without credentials: send
// Fields as they are, and the file after them, as multipart/form-data.
type Upload struct {
	URL       string            `json:"url"`
	Fields    map[string]string `json:"fields"`
	Key       string            `json:"key"` // of the file in the prompts bucket
	MaxBytes  int64             `json:"max_bytes"`
	ExpiresAt time.Time         `json:"expires_at"`
}
