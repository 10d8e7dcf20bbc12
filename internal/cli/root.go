package cli

import (
	"context"
	"errors"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/takeup/takeup/internal/cli/batch"
	"github.com/takeup/takeup/internal/cli/command"
	"github.com/takeup/takeup/internal/cli/control"
	"github.com/takeup/takeup/internal/cli/generate"
	"github.com/takeup/takeup/internal/cli/library"
	"github.com/takeup/takeup/internal/cli/local"
	"github.com/takeup/takeup/internal/cli/models"
	"github.com/takeup/takeup/internal/cli/operate"
	"github.com/takeup/takeup/internal/video"
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

// execute does what the arguments ask for.
func execute(ctx context.Context, env *command.Env, args []string) error {
	root := newRoot(env)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	var usage *command.UsageError
	// What is wrong with the name of a command, cobra says in words only.
	if err != nil && !errors.As(err, &usage) && strings.HasPrefix(err.Error(), "unknown command ") {
		return command.Usagef("%s", strings.Join(strings.Fields(err.Error()), " "))
	}
	return explain(err)
}

func newRoot(env *command.Env) *cobra.Command {
	root := &cobra.Command{
		Use: "takeup", Short: "Turns prompts into videos in an S3 bucket of your own", Long: rootHelp,
		Version: env.Version, SilenceErrors: true, SilenceUsage: true,
	}
	root.SetVersionTemplate("takeup {{.Version}}\n")
	root.SetIn(env.In)
	root.SetOut(env.Out)
	root.SetErr(env.Err)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return &command.UsageError{Err: err} })
	root.AddGroup(
		&cobra.Group{ID: groupVideos, Title: "Videos:"},
		&cobra.Group{ID: groupOperate, Title: "Operation:"},
		&cobra.Group{ID: groupLocal, Title: "The stack on this machine:"},
		&cobra.Group{ID: groupHelp, Title: "Help:"},
	)
	grouped := func(id string, commands ...*cobra.Command) {
		for _, cmd := range commands {
			cmd.GroupID = id
		}
		root.AddCommand(commands...)
	}
	grouped(groupVideos, generate.NewGenerate(env), library.NewList(env), library.NewGet(env), library.NewDownload(env), library.NewCancel(env), library.NewRetry(env), library.NewForget(env), models.NewModels(env), models.NewEstimate(env), operate.NewUsage(env), batch.NewBatch(env))
	grouped(groupOperate, library.NewRedrive(env), operate.NewReconcile(env), control.NewPause(env), control.NewResume(env), control.NewCaps(env), operate.NewDoctor(env), operate.NewEnv(env), control.NewToken(env), local.NewInvoke(env))
	grouped(groupLocal, local.NewUp(env), local.NewDown(env))
	root.AddCommand(local.NewRun(env), local.NewBuild(env)) // for make; they are hidden
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

// calledBy is how a person calls this program again: by the name it was called
// by, unless that is where go run put it.
func calledBy(path string) string {
	if strings.Contains(path, string(filepath.Separator)+"go-build") {
		return "go run ./cmd/takeup"
	}
	return path
}

// explain gives an error as people read it in a terminal: a refused request with
// a line for each wrong field. One among others stays among them.
func explain(err error) error {
	invalid, ok := err.(*video.InvalidRequest)
	if !ok {
		return err
	}
	said := "the request can't be sent as it is; nothing was sent or paid"
	for _, f := range invalid.Fields {
		said += "\n  " + strings.TrimSpace(f.Field+" "+f.Message)
	}
	return &command.Reworded{Message: said, Err: err}
}
