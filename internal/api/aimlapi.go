package api

import "github.com/takeup/takeup/internal/video"

// The paths of AI/ML API that Takeup answers as AI/ML API does, so that a client
// which was written for it works with another base URL and key. Both paths of
// generations take every model; a POST is answered with 200 by the first and with
// 201 by the second, as AI/ML API's own descriptions have it.
const (
	GenerationsPath     = "/v2/video/generations"
	KlingGenerationPath = "/v2/generate/video/kling/generation"
	AIMLAPIModelsPath   = "/v1/models"
)

// ParamGenerationID is the query parameter by which a generation is retrieved. The
// id is that of the job.
const ParamGenerationID = "generation_id"

// Generation is a job as AI/ML API shows one, in reply to a POST and to a GET.
type Generation struct {
	ID     string           `json:"id"`
	Status video.State      `json:"status"` // queued, generating, completed or error
	Video  *GenerationVideo `json:"video"`  // of a completed one
	Error  *GenerationError `json:"error"`  // of one that ended without a video
	Meta   *GenerationMeta  `json:"meta"`   // of a completed one
}

// GenerationVideo is where the file is.
type GenerationVideo struct {
	URL      string `json:"url"`                // works for whoever has it, for a short time
	Duration int    `json:"duration,omitempty"` // in seconds, as it was asked for
}

// GenerationError says why there is no video.
type GenerationError struct {
	Name    string `json:"name"`
	Message string `json:"message"`
}

// GenerationMeta says what was charged.
type GenerationMeta struct {
	Usage GenerationUsage `json:"usage"`
}

// GenerationUsage is what was charged, in AI/ML API's credits.
type GenerationUsage struct {
	Credits int64 `json:"credits_used"`
}
