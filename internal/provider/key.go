package provider

import (
	"context"

	"github.com/takeup/takeup/internal/video"
)

// Keys gives the versions of a provider's key.
type Keys interface {
	// Current gives the key as it was last read.
	Current(context.Context) (video.Key, error)
	// Reread reads it anew, after the provider did not accept it.
	Reread(context.Context) (video.Key, error)
	// Version gives an earlier one, or a *video.NoKeyVersion.
	Version(ctx context.Context, version string) (video.Key, error)
}
