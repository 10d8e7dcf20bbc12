package video

// Key is the value of a secret, an API key or a token, and the secret's version.
type Key struct {
	Value   string
	Version string
}

// String keeps the key out of logs and errors, however it is printed.
func (k Key) String() string { return "key version " + k.Version }

// GoString does the same for %#v.
func (k Key) GoString() string { return k.String() }

// MarshalText does the same for JSON, and so for slog.
func (k Key) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// NoKeyVersion says that a version of the key's secret is gone, so that submissions made
// with it can no longer be looked up.
type NoKeyVersion struct{ Version string }

func (e *NoKeyVersion) Error() string {
	return "the secret no longer has version " + e.Version + " of the provider's key"
}
