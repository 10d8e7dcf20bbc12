package stack

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/gofrs/flock"
)

// sources are the files and directories of the repository that a build depends on.
var sources = []string{"go.mod", "go.sum", "template.yaml", "tools/samconfig.toml", "tools/sam.txt", "functions", "internal", "statemachine"}

// Build builds the template and its functions for an architecture of Lambda, arm64 or x86_64,
// into dir. It compiles with go first, since SAM hides the compiler's errors. If dir was built
// from the same sources, nothing is built, and built is false.
func Build(ctx context.Context, root, dir, arch string) (built bool, err error) {
	for _, path := range []*string{&root, &dir} {
		if *path, err = filepath.Abs(*path); err != nil {
			return false, fmt.Errorf("finding %s: %w", *path, err)
		}
	}
	g, err := startReaper()
	if err != nil {
		return false, err
	}
	defer g.release()
	unlock, err := lockFile(ctx, dir+".lock")
	if err != nil {
		return false, err
	}
	defer unlock()
	return build(ctx, g, root, dir, arch)
}

// build is Build for a caller that has a reaper and holds the lock of dir.
func build(ctx context.Context, g *reaper, root, dir, arch string) (built bool, err error) {
	sam, err := tool(root, "sam")
	if err != nil {
		return false, err
	}
	flags := goFlags(version(ctx, root))
	sum, err := fingerprint(root, arch, flags)
	if err != nil {
		return false, err
	}
	stamp := dir + ".sum"
	if last, err := os.ReadFile(stamp); err == nil && string(last) == sum {
		if _, err := os.Stat(filepath.Join(dir, "template.yaml")); err == nil {
			return false, nil
		}
	}
	if err := os.Remove(stamp); err != nil && !errors.Is(err, os.ErrNotExist) {
		return false, fmt.Errorf("building: %w", err)
	}
	env := append(GoEnv(os.Environ()), flags)
	goarch := map[string]string{"arm64": "arm64", "x86_64": "amd64"}[arch]
	err = command(ctx, g, "compiling the functions", root, dir+".compile.log",
		append(env, "GOOS=linux", "GOARCH="+goarch), "go", "build", "./functions/...")
	if err != nil {
		return false, err
	}
	if err := prepareSAM(filepath.Dir(dir)); err != nil {
		return false, err
	}
	err = command(ctx, g, "sam build", root, dir+".log", append(env, samEnv(filepath.Dir(dir))...),
		sam, "build", "--template-file", filepath.Join(root, "template.yaml"), "--build-dir", dir,
		"--config-file", filepath.Join(root, "tools", "samconfig.toml"), "--parameter-overrides", "Architecture="+arch)
	if err != nil {
		return false, err
	}
	if err := os.WriteFile(stamp, []byte(sum), 0o600); err != nil {
		return false, fmt.Errorf("building: %w", err)
	}
	return true, nil
}

// fingerprint returns the same string for the same sources, compiler, architecture and flags.
func fingerprint(root, arch, flags string) (string, error) {
	h := sha256.New()
	fmt.Fprintln(h, runtime.Version(), arch, flags)
	for _, source := range sources {
		err := filepath.WalkDir(filepath.Join(root, source), func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || strings.HasSuffix(path, "_test.go") {
				return err
			}
			f, err := os.Open(path)
			if err != nil {
				return err
			}
			defer f.Close()
			content := sha256.New()
			if _, err := io.Copy(content, f); err != nil {
				return err
			}
			name, err := filepath.Rel(root, path)
			fmt.Fprintf(h, "%x %q\n", content.Sum(nil), name)
			return err
		})
		if err != nil {
			return "", fmt.Errorf("reading the sources: %w", err)
		}
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// lockFile waits for an exclusive lock of a file.
func lockFile(ctx context.Context, path string) (unlock func(), err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("locking %s: %w", path, err)
	}
	lock := flock.New(path)
	if err := poll(ctx, lock.TryLock); err != nil {
		return nil, fmt.Errorf("locking %s: %w", path, err)
	}
	return func() { _ = lock.Close() }, nil
}
