package provider

import (
	"context"

	"github.com/takeup/takeup/internal/video"
)

// Keys reads the versions of a provider's key.
type Keys interface {
	// Current returns the key as last read.
	Current(context.Context) (video.Key, error)
	// Reread reads the current key again, after the provider rejected it.
	Reread(context.Context) (video.Key, error)
	// Version returns an earlier version; the error is a *video.NoKeyVersion if it is gone.
	Version(ctx context.Context, version string) (video.Key, error)
}
