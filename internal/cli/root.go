package cli

import (
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
)

const (
	groupVideos  = "videos"
	groupOperate = "operate"
	groupLocal   = "local"
	groupHelp    = "help"
)

const rootHelp = `Takeup turns prompts into finished videos in an S3 bucket of your own.

Without an address, a command works on the local stack that "takeup up" started
here. --stack names a deployed one, which is found with your AWS credentials;
--url and --token give the address of an API. TAKEUP_STACK, or TAKEUP_URL and
TAKEUP_TOKEN, do the same from the environment.

Exit statuses:
  0    done
  1    it failed; another try may help
  2    the command line, the request, the token or the stack can't be used as given; nothing was paid
  3    reconcile or doctor names something to be done
  4    the job ended without a video
  5    there is no such job, or it is not in a state for this
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
		Version: w.version, SilenceErrors: true, SilenceUsage: true,
	}
	root.SetVersionTemplate("takeup {{.Version}}\n")
	root.SetIn(w.in)
	root.SetOut(w.out)
	root.SetErr(w.err)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return &usageError{err} })
	root.AddGroup(
		&cobra.Group{ID: groupVideos, Title: "Videos:"},
		&cobra.Group{ID: groupOperate, Title: "Operation:"},
		&cobra.Group{ID: groupLocal, Title: "The stack on this machine:"},
		&cobra.Group{ID: groupHelp, Title: "Help:"},
	)
	root.AddCommand(
		newGenerate(w), newList(w), newGet(w), newDownload(w), newCancel(w), newRetry(w), newForget(w), newModels(w), newEstimate(w), newUsage(w),
		newRedrive(w), newReconcile(w), newPause(w), newResume(w), newCaps(w), newDoctor(w), newEnv(w), newToken(w), newInvoke(w),
		newUp(w), newDown(w), newRun(w), newBuild(w),
		newBatch(w),
	)
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd("completion")
	for _, cmd := range root.Commands() {
		cmd.Flags().SortFlags = false // what belongs together stands together
		switch cmd.Name() {
		case "help":
			cmd.GroupID, cmd.Short = groupHelp, "Explain a command"
		case "completion":
			cmd.GroupID, cmd.Short = groupHelp, "Print a script that completes commands in your shell"
		}
	}
	return root
}

// many is no upper bound of a command's arguments.
const many = math.MaxInt

// arguments refuses fewer arguments than least and more than most.
func arguments(least, most int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		what := ""
		switch {
		case len(args) < least:
			what = "an argument is missing"
		case len(args) > most && most == 0:
			what = fmt.Sprintf("%q is too much: %s takes no argument", args[0], cmd.CommandPath())
		case len(args) > most:
			what = fmt.Sprintf("%q is too much: %s takes one argument; quote one that has blanks", args[most], cmd.CommandPath())
		default:
			return nil
		}
		return &usageError{fmt.Errorf("%s; type %s", what, cmd.UseLine())}
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
