package stack

import (
	"context"
	"os"
	"path/filepath"
)

// SAM returns the path of the repository's SAM CLI and an isolated environment for it, with its
// own files in dir and nothing of AWS. It creates dir.
func SAM(root, dir string) (program string, env []string, err error) {
	if program, err = tool(root, "sam"); err != nil {
		return "", nil, err
	}
	if err := prepareSAM(dir); err != nil {
		return "", nil, err
	}
	return program, append(baseEnv(os.Environ()), samEnv(dir)...), nil
}

// BuildRelay builds cmd/relay for containers on this machine and returns its path.
func BuildRelay(ctx context.Context, root, dir string) (string, error) {
	g, err := startReaper()
	if err != nil {
		return "", err
	}
	defer g.release()
	binary := filepath.Join(dir, "bin", "relay")
	return binary, command(ctx, g, "building the relay", root, logFile(dir, "build-relay"), GoEnv(os.Environ()), "go", "build", "-o", binary, "./cmd/relay")
}
