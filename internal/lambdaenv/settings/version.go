package settings

// version is set by the linker: see localstack.Build.
var version string

// Version returns the version of the running code: the last commit that changed it, with
// "-dirty" appended if it was modified since. It is "(devel)" if the linker set none.
func Version() string {
	if version == "" {
		return "(devel)"
	}
	return version
}
