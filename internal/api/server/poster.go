package server

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"net/http"
	"strconv"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/api/server/reply"
	"github.com/takeup/takeup/internal/jobs"
	"github.com/takeup/takeup/internal/video"
)

// poster stores a still picture of a video.
func (a *API) poster(r *http.Request) reply.Response {
	id := r.PathValue("id")
	given, refused := reply.ReadObject(r, `{"webp": "UklGR..."}, a picture in base64`)
	if refused != nil {
		return *refused
	}
	encoded, _ := given["webp"].(string)
	picture, err := base64.StdEncoding.DecodeString(encoded)
	var wrong []video.FieldError
	switch {
	case err != nil || !isWebP(picture):
		wrong = append(wrong, video.FieldError{Field: "webp", Message: "takes a picture in WebP, in base64"})
	case len(picture) > api.MaxPoster:
		wrong = append(wrong, video.FieldError{Field: "webp", Message: "takes at most " + strconv.Itoa(api.MaxPoster>>10) + " KiB; make the picture smaller"})
	}
	if delete(given, "webp"); len(given) > 0 {
		wrong = append(wrong, video.FieldError{Message: "the request takes no field but webp"})
	}
	if len(wrong) > 0 {
		return reply.RefuseFields(wrong)
	}
	if !video.ValidID(id) {
		return notFound("")
	}
	shown, err := a.Jobs.PutPoster(r.Context(), id, picture)
	var not *jobs.NoPoster
	switch {
	case errors.As(err, &not):
		return reply.Conflict(id, not.Reason, 0)
	case err != nil:
		return failed(id, err, "it is not known whether the poster was stored; try again")
	}
	file, err := a.file(r.Context(), shown)
	if err != nil {
		return reply.Unavailable(id, err, noURL)
	}
	return reply.Response{Status: http.StatusOK, Job: id, Body: file}
}

// isWebP reports whether a file has the header of a WebP picture, and that picture's length.
// https://developers.google.com/speed/webp/docs/riff_container
func isWebP(file []byte) bool {
	const header = 16
	return len(file) > header && string(file[:4]) == "RIFF" && string(file[8:15]) == "WEBPVP8" &&
		int64(binary.LittleEndian.Uint32(file[4:8]))+8 == int64(len(file))
}
