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
  1    failed; trying again may help
  2    the command line, the request, the token or the stack is invalid; nothing was paid
  3    reconcile or doctor found something to do
  4    the job, or a video of the batch, ended without a video
  5    there is no such job or batch, or its state does not allow this
  130  interrupted; a job that was started keeps running`

// execute runs the command that the arguments name.
func execute(ctx context.Context, env *command.Env, args []string) error {
	root := newRoot(env)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	var usage *command.UsageError
	// Cobra has no error type for an unknown command.
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
	add := func(group string, commands ...*cobra.Command) {
		for _, cmd := range commands {
			cmd.GroupID = group
		}
		root.AddCommand(commands...)
	}
	add(groupVideos,
		generate.NewGenerate(env), library.NewList(env), library.NewGet(env), library.NewDownload(env), library.NewCancel(env), library.NewRetry(env), library.NewForget(env),
		models.NewModels(env), models.NewEstimate(env), operate.NewUsage(env), batch.NewBatch(env))
	add(groupOperate,
		library.NewRedrive(env), operate.NewReconcile(env), control.NewPause(env), control.NewResume(env), control.NewCaps(env),
		operate.NewDoctor(env), operate.NewEnv(env), control.NewToken(env), local.NewInvoke(env))
	add(groupLocal, local.NewUp(env), local.NewDown(env))
	root.AddCommand(local.NewRun(env), local.NewBuild(env)) // hidden, for make
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd("completion")
	for _, cmd := range root.Commands() {
		cmd.Flags().SortFlags = false // related flags stay together
		switch cmd.Name() {
		case "help":
			cmd.GroupID, cmd.Short = groupHelp, "Explain a command"
		case "completion":
			cmd.GroupID, cmd.Short = groupHelp, "Print a script that completes commands in your shell"
		}
	}
	return root
}

// calledBy returns the command that runs this program again: the path by which it was called,
// unless go run built it.
func calledBy(path string) string {
	if strings.Contains(path, string(filepath.Separator)+"go-build") {
		return "go run ./cmd/takeup"
	}
	return path
}

// explain gives an invalid request a message with a line for each invalid field. It returns
// other errors unchanged, and also those that wrap an invalid request.
func explain(err error) error {
	invalid, ok := err.(*video.InvalidRequest)
	if !ok {
		return err
	}
	message := "the request is invalid; nothing was sent or paid"
	for _, f := range invalid.Fields {
		message += "\n  " + strings.TrimSpace(f.Field+" "+f.Message)
	}
	return &command.Reworded{Message: message, Err: err}
}
