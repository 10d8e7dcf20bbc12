package settings

import "runtime/debug"

// version is set by the linker: see localstack.Build.
var version string

// Version returns the version of the running code: the last commit that changed it, with
// "-dirty" appended if it was modified since. Without a linker-set version, it is Go's
// module version, or "(devel)" if that is unknown.
func Version() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}
