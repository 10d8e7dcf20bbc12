package video

// Key is what a secret holds, an API key or a token, and the version of the secret that
// it is.
type Key struct {
	Value   string
	Version string
}

// String keeps the key out of logs and errors, whatever prints it.
func (k Key) String() string { return "key version " + k.Version }

// GoString does the same for %#v.
func (k Key) GoString() string { return k.String() }

// MarshalText does the same for JSON, and so for slog.
func (k Key) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// NoKeyVersion says that a version of the key's secret is gone, so that what was
// submitted with it can't be looked up any more.
type NoKeyVersion struct{ Version string }

func (e *NoKeyVersion) Error() string {
	return "the secret no longer has version " + e.Version + " of the provider's key"
}
