package stack

import (
	"fmt"
	"io"
	"maps"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"time"
)

// StackName is the name of the deployed stack.
const StackName = "takeup"

// Provider is the provider that the stack buys videos from.
type Provider struct {
	BaseURL string // https://host, or http://127.0.0.1:port; no slash at the end
	Key     string
}

// Loopback reports whether the provider is a simulator on this machine.
func (p Provider) Loopback() bool {
	u, err := url.Parse(p.BaseURL)
	return err == nil && u.Hostname() == "127.0.0.1"
}

// Options configure a stack. The zero Options start a stack with a simulator, from the
// repository in the working directory.
type Options struct {
	// Root is the repository's root. If it is empty, it is the working directory.
	Root string
	// StateDir holds the process files, logs and addresses. If it is empty, it is .takeup in the
	// repository. Only one stack runs in a state directory at a time.
	StateDir string
	// BuildDir holds the built template and binaries. If it is empty, it is .takeup/build in the
	// repository. Stacks share it.
	BuildDir string
	// Port is the API's port. 0 selects a free one.
	Port int
	// Provider is used instead of a simulator.
	Provider *Provider
	// Simulator are flags of cmd/simulator.
	Simulator []string
	// Parameters override the template parameters of a local stack.
	Parameters map[string]string
	// Env is added to MiniStack's environment, which the functions inherit. AWS_ENDPOINT_URL or
	// AWS_ENDPOINT_URL_S3 in it send the functions' calls through a recorder or a proxy.
	Env []string
	// Output gets a line for each stage. nil discards them.
	Output io.Writer
	// Detach lets the stack outlive this process, until Down. Otherwise it is stopped when this
	// process ends, in whatever way.
	Detach bool
	// Now is the clock that times the stages. nil means time.Now.
	Now func() time.Time
}

// filled returns the options with defaults and absolute paths.
func (o Options) filled() (Options, error) {
	root, err := filepath.Abs(o.Root)
	if err != nil {
		return o, fmt.Errorf("finding the repository: %w", err)
	}
	o.Root = root
	for _, dir := range []struct {
		path     *string
		fallback string
	}{{&o.StateDir, ".takeup"}, {&o.BuildDir, filepath.Join(".takeup", "build")}} {
		if *dir.path == "" {
			*dir.path = filepath.Join(root, dir.fallback)
		}
		if *dir.path, err = filepath.Abs(*dir.path); err != nil {
			return o, fmt.Errorf("finding %s: %w", *dir.path, err)
		}
	}
	if o.Output == nil {
		o.Output = io.Discard
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o, nil
}

// parameters returns the template's parameters: those of a local stack, overridden by the
// options'.
func (o Options) parameters(p Provider) map[string]string {
	given := map[string]string{
		"Architecture":    Architecture(),
		"ProviderBaseUrl": p.BaseURL,
		"ProviderKey":     p.Key,
	}
	if p.Loopback() {
		// A simulated job takes seconds, and its video is served over plain HTTP.
		given["FirstWaitSeconds"] = "2"
		given["CheckIntervalSeconds"] = "2"
		given["RequestGapSeconds"] = "1"
		given["LoopbackSources"] = "true"
	}
	maps.Copy(given, o.Parameters)
	return given
}

// Architecture returns Lambda's name of the host's architecture.
func Architecture() string {
	if runtime.GOARCH == "arm64" {
		return "arm64"
	}
	return "x86_64"
}

// Missing says that a requirement of a local stack is missing.
type Missing struct {
	What string
	Fix  string
}

func (e *Missing) Error() string { return e.What + "; " + e.Fix }

// tool returns the path of a tool that the repository pins.
func tool(root, name string) (string, error) {
	path := filepath.Join(root, ".tools", name, "bin", name)
	if _, err := os.Stat(path); err != nil {
		return "", &Missing{What: name + " is not installed in .tools", Fix: "run `make tools` in " + root}
	}
	return path, nil
}

// checkHost returns an error for a machine that can't run a stack, before anything starts.
func checkHost(root string) error {
	if runtime.GOOS != "linux" {
		return &Missing{
			What: "the functions are Linux binaries, and this is " + runtime.GOOS,
			Fix:  "run this on Linux, in a virtual machine or container",
		}
	}
	if _, err := exec.LookPath("go"); err != nil {
		return &Missing{What: "there is no go on the PATH", Fix: "install Go 1.26 or later"}
	}
	if _, err := os.Stat(filepath.Join(root, "template.yaml")); err != nil {
		return &Missing{What: "there is no template.yaml in " + root, Fix: "run this in Takeup's repository"}
	}
	for _, name := range []string{"ministack", "sam"} {
		if _, err := tool(root, name); err != nil {
			return err
		}
	}
	return nil
}
