package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
)

const (
	groupVideos  = "videos"
	groupOperate = "operate"
	groupLocal   = "local"
)

const rootHelp = `Takeup turns prompts into finished videos in an S3 bucket of your own.

Without an address, a command works on the local stack that "takeup up" started
here. --stack names a deployed one, which is found with your AWS credentials;
--url and --token give the address of an API. TAKEUP_STACK, or TAKEUP_URL and
TAKEUP_TOKEN, do the same from the environment.

Exit statuses:
  0    done
  1    it failed, and can be tried again
  2    the command line or the request can't be used as it is; nothing was sent or paid
  3    reconcile or doctor names something to be done
  4    the job ended without a video
  130  interrupted; a job that was started goes on`

// command does what the arguments ask for.
func command(ctx context.Context, w *world, args []string) error {
	root := newRoot(w)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	var usage *usageError
	// What is wrong with the name of a command, cobra says in words only.
	if err != nil && !errors.As(err, &usage) && strings.HasPrefix(err.Error(), "unknown command ") {
		return &usageError{errors.New(strings.Join(strings.Fields(err.Error()), " "))}
	}
	return explain(err)
}

func newRoot(w *world) *cobra.Command {
	root := &cobra.Command{
		Use: "takeup", Short: "Turns prompts into videos in an S3 bucket of your own", Long: rootHelp,
		SilenceErrors: true, SilenceUsage: true,
	}
	root.SetIn(w.in)
	root.SetOut(w.out)
	root.SetErr(w.err)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return &usageError{err} })
	root.AddGroup(
		&cobra.Group{ID: groupVideos, Title: "Videos:"},
		&cobra.Group{ID: groupOperate, Title: "Operation:"},
		&cobra.Group{ID: groupLocal, Title: "The stack on this machine:"},
	)
	root.AddCommand(
		newGenerate(w), newList(w), newGet(w), newDownload(w), newCancel(w), newModels(w), newEstimate(w),
		newRedrive(w), newReconcile(w), newDoctor(w), newEnv(w), newInvoke(w),
		newUp(w), newDown(w), newRun(w), newBuild(w),
	)
	for _, cmd := range root.Commands() {
		cmd.Flags().SortFlags = false // what belongs together stands together
	}
	return root
}

// arguments makes what cobra refuses of a command's arguments a usage error.
func arguments(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return &usageError{fmt.Errorf("%w: %s", err, cmd.UseLine())}
		}
		return nil
	}
}

// calledBy is how a person calls this program again: by the name it was called
// by, unless that is where go run put it.
func calledBy(path string) string {
	if strings.Contains(path, string(filepath.Separator)+"go-build") {
		return "go run ./cmd/takeup"
	}
	return path
}

// typed gives a command line as a person can type it.
func (w *world) typed(words ...string) string {
	line := w.name
	for _, word := range words {
		line += " " + quoted(word)
	}
	return line
}

// quoted gives a word as a POSIX shell reads it.
func quoted(word string) string {
	if word != "" && strings.IndexFunc(word, func(r rune) bool {
		return !strings.ContainsRune("-_./:=@,+%", r) && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	}) < 0 {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
