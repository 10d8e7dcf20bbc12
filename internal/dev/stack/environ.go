package stack

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Region is the AWS region of the local stack.
const Region = "us-east-1"

// accessKey is not a secret: MiniStack accepts any, and takes 12 digits as the account.
const accessKey = "test"

// inherited are the variables that a started program inherits: where programs and certificates
// are, and the proxies. None of them is for AWS and none is a key, so no run can reach a real
// account.
var inherited = []string{
	"PATH", "HOME", "USER", "TMPDIR", "XDG_CACHE_HOME",
	"HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy",
	"SSL_CERT_FILE", "SSL_CERT_DIR",
}

// baseEnv returns the environment of every started program.
func baseEnv(environ []string) []string {
	env := pick(environ, func(name string) bool { return slices.Contains(inherited, name) })
	return append(env, "LANG=C.UTF-8", "NO_COLOR=1", "NO_PROXY=127.0.0.1,localhost", "no_proxy=127.0.0.1,localhost")
}

// GoEnv returns the environment of a Go build. Its flags make binaries small and reproducible:
// the same sources give the same binary, in any directory and commit.
func GoEnv(environ []string) []string {
	env := append(baseEnv(environ), pick(environ, func(name string) bool {
		return strings.HasPrefix(name, "GO") && !slices.Contains([]string{"GOFLAGS", "GOOS", "GOARCH"}, name)
	})...)
	return append(env, "CGO_ENABLED=0", goFlags(""))
}

// goFlags returns the flags of a build, which set the version that the functions report, if
// there is one.
func goFlags(version string) string {
	link := "-s -w"
	if version != "" {
		link += " -X github.com/takeup/takeup/internal/lambdaenv/settings.version=" + version
	}
	return "GOFLAGS=-trimpath -buildvcs=false -tags=lambda.norpc '-ldflags=" + link + "'"
}

// awsEnv returns the variables that point AWS clients to a stack.
func awsEnv(endpoint string) []string {
	return []string{
		"AWS_ENDPOINT_URL=" + endpoint,
		"AWS_ACCESS_KEY_ID=" + accessKey, "AWS_SECRET_ACCESS_KEY=" + accessKey,
		"AWS_REGION=" + Region, "AWS_DEFAULT_REGION=" + Region,
		"AWS_EC2_METADATA_DISABLED=true",
		"AWS_CONFIG_FILE=" + os.DevNull, "AWS_SHARED_CREDENTIALS_FILE=" + os.DevNull,
	}
}

// samEnv returns SAM's variables: no telemetry, and its files in dir.
func samEnv(dir string) []string {
	return []string{"SAM_CLI_TELEMETRY=0", "__SAM_CLI_APP_DIR=" + filepath.Join(dir, "sam"), "SAM_CLI_POLL_DELAY=0.2"}
}

func pick(environ []string, want func(name string) bool) []string {
	var picked []string
	for _, pair := range environ {
		if name, _, ok := strings.Cut(pair, "="); ok && want(name) {
			picked = append(picked, pair)
		}
	}
	return picked
}
