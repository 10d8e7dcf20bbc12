package generate

import (
	"errors"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/takeup/takeup/internal/api/client"
	"github.com/takeup/takeup/internal/cli/command"
	"github.com/takeup/takeup/internal/cli/flags"
	"github.com/takeup/takeup/internal/cli/target"
)

// OutputOptions has the flags that decide where a video is downloaded to and how it is printed.
type OutputOptions struct {
	Path  string
	Force bool
	JSON  bool
}

// Flags adds the flags.
func (d *OutputOptions) Flags(cmd *cobra.Command) {
	set := cmd.Flags()
	set.StringVarP(&d.Path, "output", "o", ".", "the `directory` for the video, or its file name")
	set.BoolVar(&d.Force, "force", false, "replace a file with other content")
	flags.JSON(cmd, &d.JSON)
}

// Check returns an error for an output that can't be written, before anything is sent or waited
// for. A file in a directory is checked once the job's id is known.
func (d *OutputOptions) Check() error {
	switch {
	case d.Path == "-":
		return command.Usagef("--output takes a directory or a file, since a video is verified before it is complete")
	case intoDirectory(d.Path):
		return nil
	}
	err := client.CheckTarget(d.Path)
	var unusable *client.Unusable
	if errors.As(err, &unusable) {
		return &command.UsageError{Err: err}
	}
	return err
}

// ResumeCommand returns the command line that waits for a job and downloads its video.
func (d *OutputOptions) ResumeCommand(env *command.Env, t *target.Target) func(id string) string {
	return func(id string) string {
		words := append([]string{"download"}, t.Arguments()...)
		if d.Path != "." {
			words = append(words, "--output", d.Path)
		}
		return env.CommandLine(append(words, id)...)
	}
}

// outputPath returns the file for a job's video: ID.mp4 in a directory, or the file itself.
func outputPath(output, id string) string {
	if intoDirectory(output) {
		return filepath.Join(output, id+".mp4")
	}
	return output
}

// intoDirectory reports whether an output is a directory and not a file.
func intoDirectory(output string) bool {
	return output == "" || strings.HasSuffix(output, string(filepath.Separator)) || IsDirectory(output)
}

// IsDirectory reports whether path is a directory.
func IsDirectory(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}
