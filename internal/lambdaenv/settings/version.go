package settings

import "runtime/debug"

// version is set by the linker: see localstack.Build.
var version string

// Version is that of the code that runs: the commit that last changed it, with
// "-dirty" behind it where it was changed since. A plain go build has Go's own
// word for it, and "(devel)" where that isn't known.
func Version() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}
