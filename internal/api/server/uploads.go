package server

import (
	"net/http"
	"time"

	"github.com/takeup/takeup/internal/jobs"
	"github.com/takeup/takeup/internal/text"
	"github.com/takeup/takeup/internal/video"
)

// Form is an HTML form that uploads a file to S3 without credentials: the fields
// go before the file, as they are.
type Form struct {
	URL      string
	Fields   map[string]string
	MaxBytes int64
	Expires  time.Time
}

type uploadBody struct {
	URL       string            `json:"url"`
	Fields    map[string]string `json:"fields"`
	Key       string            `json:"key"`
	MaxBytes  int64             `json:"max_bytes"`
	ExpiresAt time.Time         `json:"expires_at"`
}

// upload gives a form to upload a prompt file with. Its key is ours: a name that
// a stranger chose could be that of another file.
func (a *API) upload(r *http.Request) answer {
	body, refused := read(r)
	if refused != nil {
		return *refused
	}
	const takes = `it takes {"type": "txt"} or {"type": "json"}`
	decoded, err := text.Decode(body)
	if err != nil {
		return refuse(http.StatusBadRequest, "the request %v", err)
	}
	given, _, err := text.Object(decoded)
	if err != nil {
		return refuse(http.StatusBadRequest, "the request %v; %s", err, takes)
	}
	var wrong []video.FieldError
	kind, _ := given["type"].(string)
	if kind != "txt" && kind != "json" {
		wrong = append(wrong, video.FieldError{Field: "type", Message: "takes txt, for a prompt, or json, for a request object"})
	}
	if delete(given, "type"); len(given) > 0 {
		wrong = append(wrong, video.FieldError{Message: "there are more fields than type, which is the only one"})
	}
	if len(wrong) > 0 {
		return refuseFields(wrong)
	}
	name, err := jobs.RandomID("file", a.Random)
	if err != nil {
		return unavailable("", err, "no name could be made for the file; ask again")
	}
	key := video.FormKey(name, kind)
	form, err := a.Uploads.Form(r.Context(), key)
	if err != nil {
		return unavailable("", err, "no address could be made for the upload; ask again")
	}
	return answer{status: http.StatusCreated, body: uploadBody{
		URL: form.URL, Fields: form.Fields, Key: key, MaxBytes: form.MaxBytes, ExpiresAt: form.Expires.UTC(),
	}}
}
