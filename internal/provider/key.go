package provider

import (
	"context"

	"github.com/takeup/takeup/internal/video"
)

// WithKey makes a call with the current key. If the provider rejects the key, which may have
// been rotated, WithKey rereads the key and repeats the call once. The error is the call's,
// or one of reading the key.
func WithKey[T any](ctx context.Context, keys interface {
	Current(context.Context) (video.Key, error)
	Reread(context.Context) (video.Key, error)
}, call func(video.Key) (T, error)) (T, error) {
	var none T
	key, err := keys.Current(ctx)
	if err != nil {
		return none, err
	}
	answer, err := call(key)
	if !IsRefusal(err, RefusedKey) {
		return answer, err
	}
	if key, err = keys.Reread(ctx); err != nil {
		return none, err
	}
	return call(key)
}

// Keys reads the versions of a provider's key.
type Keys interface {
	// Current returns the key as last read.
	Current(context.Context) (video.Key, error)
	// Reread reads the current key again, after the provider rejected it.
	Reread(context.Context) (video.Key, error)
	// Version returns an earlier version; the error is a *video.NoKeyVersion if it is gone.
	Version(ctx context.Context, version string) (video.Key, error)
}
