package doctor

import (
	"context"
	"errors"
	"fmt"
	"go/version"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// Command runs a program and returns what it prints.
type Command func(ctx context.Context, name string, args ...string) (string, error)

// Tools checks that the programs of a local stack are installed, in the versions that the
// repository at root pins.
func Tools(ctx context.Context, run Command, root string) []Line {
	return []Line{
		golang(ctx, run, root),
		python(ctx, run),
		pinned(ctx, run, root, "SAM", "sam", "aws-sam-cli"),
		pinned(ctx, run, root, "MiniStack", "ministack", "ministack"),
	}
}

var goLine = regexp.MustCompile(`(?m)^go (\S+)$`)

func golang(ctx context.Context, run Command, root string) Line {
	const check = "Go"
	said, err := run(ctx, "go", "env", "GOVERSION")
	if err != nil {
		return fix(check, "go does not run", "install Go 1.26 or later, and put it on the PATH").because(err)
	}
	got := strings.TrimSpace(said)
	module, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		return fix(check, "there is no go.mod here", "run this in Takeup's repository").because(err)
	}
	wanted := goLine.FindSubmatch(module)
	if wanted == nil {
		return fix(check, "go.mod names no version of Go", "restore go.mod, for instance with git checkout go.mod")
	}
	if version.Compare(got, "go"+string(wanted[1])) < 0 {
		return fix(check, got+" is too old", "install Go "+string(wanted[1])+" or later")
	}
	return ok(check, "%s", strings.TrimPrefix(got, "go"))
}

func python(ctx context.Context, run Command) Line {
	const check = "Python"
	said, err := run(ctx, "python3", "-c", "import sys; print('%d.%d.%d' % sys.version_info[:3])")
	if err != nil {
		return fix(check, "python3 does not run", "install Python 3.10 or later, and put it on the PATH").because(err)
	}
	got := strings.TrimSpace(said)
	var major, minor int
	if _, err := fmt.Sscanf(got, "%d.%d", &major, &minor); err != nil {
		return fix(check, fmt.Sprintf("python3 printed %.40q instead of its version", got), "put Python 3.10 or later first on the PATH")
	}
	if major < 3 || major == 3 && minor < 10 {
		return fix(check, got+" is too old", "install Python 3.10 or later")
	}
	return ok(check, "%s", got)
}

// pinned checks a tool under .tools, which is a Python package in its own environment.
func pinned(ctx context.Context, run Command, root, check, name, distribution string) Line {
	wanted, err := pin(filepath.Join(root, "tools", name+".in"), distribution)
	if err != nil {
		return fix(check, "the needed version is unknown", "run this in Takeup's repository").because(err)
	}
	said, err := run(ctx, filepath.Join(root, ".tools", name, "bin", "python"), "-c",
		"import importlib.metadata as m; print(m.version('"+distribution+"'))")
	if err != nil {
		return fix(check, "it is not installed in .tools, or does not run", "run `make tools`").because(err)
	}
	if got := strings.TrimSpace(said); got != wanted {
		return fix(check, got+" is not the pinned version "+wanted, "run `make tools`")
	}
	return ok(check, "%s, as pinned", wanted)
}

// pin reads the version of a distribution from a list of requirements.
func pin(path, distribution string) (string, error) {
	list, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(string(list)) {
		if version, ok := strings.CutPrefix(strings.TrimSpace(line), distribution+"=="); ok {
			return version, nil
		}
	}
	return "", errors.New(path + " does not pin " + distribution)
}
