package api

import (
	"net/url"
	"strings"
)

// The paths of the API, as patterns of http.ServeMux: {id} stands for the id of a
// job. PathOf fills it in.
const (
	VideosPath      = "/videos"
	VideoPath       = "/videos/{id}"
	ContentPath     = "/videos/{id}/content"
	RedrivePath     = "/videos/{id}/redrive"
	RetryPath       = "/videos/{id}/retry"
	ForgetPath      = "/videos/{id}/forget"
	PosterPath      = "/videos/{id}/poster"
	UploadsPath     = "/uploads"
	StatusesPath    = "/statuses"
	CheckPath       = "/check"
	ModelsPath      = "/models"
	ModelPath       = "/models/{name}"
	ControlPath     = "/control"
	UsagePath       = "/usage"
	DescriptionPath = "/openapi.json"
)

// PathOf returns the path of a job, such as /videos/api-1/redrive.
func PathOf(pattern, id string) string {
	return strings.Replace(pattern, "{id}", url.PathEscape(id), 1)
}

// The query parameters of the API.
const (
	ParamStatus   = "status"
	ParamModel    = "model"
	ParamOwner    = "owner"
	ParamWords    = "q"
	ParamFrom     = "from"
	ParamTo       = "to"
	ParamLimit    = "limit"
	ParamCursor   = "cursor"
	ParamRedirect = "redirect"
	ParamDiscard  = "discard"
	ParamMonth    = "month"
	// ParamMetadata and a dot begin the name of a parameter that ends with a key of metadata, as in
	// metadata.project.
	ParamMetadata = "metadata"
)

// The headers of the API.
const (
	// IdempotencyKeyHeader makes a request that is sent twice one job. See
	// https://datatracker.ietf.org/doc/html/draft-ietf-httpapi-idempotency-key-header
	IdempotencyKeyHeader = "Idempotency-Key"
	// RetryCountHeader says how often the client has sent the request before.
	// Stainless's SDKs, the provider's among them, set it.
	RetryCountHeader = "X-Stainless-Retry-Count"
	// RequestIDHeader is the id of a request, in each reply and in the log.
	RequestIDHeader = "X-Request-Id"
	// JobHeader is the id of the job that a reply is about.
	JobHeader = "X-Inference-Id"
	// ExecutionHeader is the name of the execution that a redrive or a retry started.
	ExecutionHeader = "X-Execution-Name"
)
