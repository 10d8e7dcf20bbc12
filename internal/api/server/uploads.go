package server

import (
	"net/http"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/api/server/reply"
	"github.com/takeup/takeup/internal/bucket/objectkey"
	"github.com/takeup/takeup/internal/jobs"
	"github.com/takeup/takeup/internal/video"
)

// upload returns a form to upload a prompt file with. The file's key is made here: one
// that the client chose could be another file's.
func (a *API) upload(r *http.Request) reply.Response {
	given, refused := reply.ReadObject(r, `{"type": "txt"} or {"type": "json"}`)
	if refused != nil {
		return *refused
	}
	var wrong []video.FieldError
	kind, _ := given["type"].(string)
	if kind != api.UploadText && kind != api.UploadJSON {
		wrong = append(wrong, video.FieldError{Field: "type", Message: "takes txt, for a prompt, or json, for a request object"})
	}
	if delete(given, "type"); len(given) > 0 {
		wrong = append(wrong, video.FieldError{Message: "the request takes no field but type"})
	}
	if len(wrong) > 0 {
		return reply.RefuseFields(wrong)
	}
	name, err := jobs.RandomID("file", a.Random)
	if err != nil {
		return reply.Unavailable("", err, "could not create a name for the file; try again")
	}
	form, err := a.Uploads.Form(r.Context(), objectkey.Upload(name, kind), video.MaxRequestBytes)
	if err != nil {
		return reply.Unavailable("", err, "could not sign a form for the upload; try again")
	}
	return reply.Response{Status: http.StatusCreated, Body: form}
}
