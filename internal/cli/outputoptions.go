package cli

import (
	"errors"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/takeup/takeup/internal/api/client"
)

// delivery is where videos go, and how they are told of.
type delivery struct {
	output string
	force  bool
	json   bool
}

func (d *delivery) flags(cmd *cobra.Command) {
	set := cmd.Flags()
	set.StringVarP(&d.output, "output", "o", ".", "the `directory` for the video, or the name of its file")
	set.BoolVar(&d.force, "force", false, "replace a file that is there with other content")
	jsonFlag(cmd, &d.json)
}

// check refuses an output that no video can go to, before anything is sent or
// waited for. What a job's id makes part of the name is looked at later.
func (d *delivery) check() error {
	switch {
	case d.output == "-":
		return usagef("--output takes a directory or a file; a video is checked before it is given on")
	case intoDirectory(d.output):
		return nil
	}
	err := client.CheckTarget(d.output)
	var unusable *client.Unusable
	if errors.As(err, &unusable) {
		return &usageError{Err: err}
	}
	return err
}

// back gives the command that comes back to a job.
func (d *delivery) back(w *world, t *target) func(id string) string {
	return func(id string) string {
		words := append([]string{"download"}, t.words()...)
		if d.output != "." {
			words = append(words, "--output", d.output)
		}
		return w.typed(append(words, id)...)
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
	return output == "" || strings.HasSuffix(output, string(filepath.Separator)) || isDirectory(output)
}

func isDirectory(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}
