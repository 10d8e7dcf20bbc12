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

// OutputOptions is where videos go, and how they are told of.
type OutputOptions struct {
	Path  string
	Force bool
	JSON  bool
}

func (d *OutputOptions) Flags(cmd *cobra.Command) {
	set := cmd.Flags()
	set.StringVarP(&d.Path, "output", "o", ".", "the `directory` for the video, or the name of its file")
	set.BoolVar(&d.Force, "force", false, "replace a file that is there with other content")
	flags.JSON(cmd, &d.JSON)
}

// Check refuses an output that no video can go to, before anything is sent or
// waited for. What a job's id makes part of the name is looked at later.
func (d *OutputOptions) Check() error {
	switch {
	case d.Path == "-":
		return command.Usagef("--output takes a directory or a file; a video is checked before it is given on")
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

// ResumeCommand gives the command that comes back to a job.
func (d *OutputOptions) ResumeCommand(env *command.Env, t *target.Target) func(id string) string {
	return func(id string) string {
		words := append([]string{"download"}, t.Arguments()...)
		if d.Path != "." {
			words = append(words, "--output", d.Path)
		}
		return env.CommandLine(append(words, id)...)
	}
}

// outputPath is where a job's video goes: into a directory, under a name made of
// the id, or into a file of the name that was given.
func outputPath(output, id string) string {
	if intoDirectory(output) {
		return filepath.Join(output, id+".mp4")
	}
	return output
}

// intoDirectory reports whether an output is a directory, and no file's name.
func intoDirectory(output string) bool {
	return output == "" || strings.HasSuffix(output, string(filepath.Separator)) || IsDirectory(output)
}

func IsDirectory(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}
