package bucket

import (
	"context"
	"errors"
	"time"

	"github.com/takeup/takeup/internal/bucket/objectkey"
	"github.com/takeup/takeup/internal/video"
)

// Rejection says why a prompt file was not accepted.
type Rejection struct {
	Bucket    string             `json:"bucket"` // of the file
	Key       string             `json:"key"`
	VersionID string             `json:"version_id"`
	Reason    string             `json:"reason"`
	Fields    []video.FieldError `json:"fields"`
	At        time.Time          `json:"at"`
}

// PutRejection writes a rejection to the named videos bucket, replacing any earlier one for
// the same key. The error is a *video.ServiceUnavailable.
func PutRejection(ctx context.Context, client Putter, videos string, r Rejection) error {
	if _, err := put(ctx, client, videos, objectkey.Rejection(r.Key), r, condition{}); err != nil {
		return video.Unavailable("writing a rejection", err)
	}
	return nil
}

// GetRejection reads the last rejection of the file with this key from the named videos
// bucket. It returns false if there is none, or the object is not a rejection. The error is
// a *video.ServiceUnavailable.
func GetRejection(ctx context.Context, client Getter, videos, file string) (Rejection, bool, error) {
	var r Rejection
	_, found, err := get(ctx, client, videos, objectkey.Rejection(file), &r)
	var bad *errNotJSON
	switch {
	case errors.As(err, &bad):
		return Rejection{}, false, nil
	case err != nil:
		return Rejection{}, false, video.Unavailable("reading a rejection", err)
	}
	return r, found, nil
}
