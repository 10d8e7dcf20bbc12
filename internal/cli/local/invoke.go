package local

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/takeup/takeup/internal/cli/command"
	"github.com/takeup/takeup/internal/cli/flags"
	"github.com/takeup/takeup/internal/cli/target"
	"github.com/takeup/takeup/internal/cli/term"
	"github.com/takeup/takeup/internal/dev/invoke"
	"github.com/takeup/takeup/internal/dev/relay"
	devstack "github.com/takeup/takeup/internal/dev/stack"
)

// NewInvoke returns the command invoke.
func NewInvoke(env *command.Env) *cobra.Command {
	i := invoker{env: env}
	cmd := &cobra.Command{
		Use: "invoke (FUNCTION | --prepare)", Args: command.Args(0, 1),
		Short: "Run one of the functions in Lambda's container, with sam local invoke",
		Long: `Runs one of the template's functions, api, authorize, batch, check, outbox, prices,
prompts, settle, store, submit or watch, in SAM's container for Lambda, against a stack. Run it in
Takeup's repository; it needs a Docker engine. The function is built from the local
sources, and has the stack's settings. Its result goes to standard output; the exit
status is 1 if it fails.

Its event is the sample in events/, filled in from the stack: the token, the last
prompt file that was uploaded, and a job with a generation. On a local stack whose
videos cost nothing, what is missing is created. On any other stack it prints what
the function will do, and asks: Submit buys a video.

With --prepare it runs nothing. It writes the template and the events for sam local
invoke to .takeup/invoke, prints how to call SAM, and lets the containers reach the
local stack until it is interrupted.`,
		Example:           "  takeup invoke submit\n  takeup invoke check --job a-paper-boat --stack takeup\n  takeup invoke api --event my-event.json",
		ValidArgsFunction: cobra.FixedCompletions([]string{"api", "authorize", "check", "deliver", "outbox", "prices", "prompts", "settle", "store", "submit", "watch"}, cobra.ShellCompDirectiveNoFileComp),
		RunE: func(cmd *cobra.Command, args []string) error {
			i.given = strings.Join(args, "")
			i.yes = i.yes || providerOptionsOf(env).yes
			return i.run(cmd.Context())
		},
	}
	set := cmd.Flags()
	set.StringVar(&i.file, "event", "", "a `file` with the event, which is passed on unchanged")
	set.StringVar(&i.job, "job", "", "the `id` of the job for check and store")
	set.BoolVar(&i.yes, "yes", false, "continue without asking (YES=1)")
	set.BoolVar(&i.prepare, "prepare", false, "write the files for sam local invoke, and run nothing")
	i.target.Flags(cmd)
	flags.Complete(cmd, "job", nil)
	return cmd
}

// invoker runs functions against a stack.
type invoker struct {
	env     *command.Env
	target  target.Target
	given   string // name of the function, as given
	file    string
	job     string
	yes     bool
	prepare bool

	root, dir string // the repository, and its state directory
	stack     target.Stack
	free      bool // whether videos cost nothing
	engine    *invoke.Engine
	workspace *invoke.Workspace
	sam       invoke.SAM
}

func (i *invoker) run(ctx context.Context) (err error) {
	if i.prepare && (i.given != "" || i.file != "" || i.job != "") {
		return command.Usagef("--prepare is for all functions; give no function, event or job with it")
	}
	environment, err := i.find(ctx)
	if err != nil {
		return err
	}
	name := ""
	if !i.prepare {
		if name, err = invoke.Name(i.given, slices.Collect(maps.Keys(environment))); err != nil {
			return &command.UsageError{Err: err}
		}
	}
	if err := i.ready(ctx, environment); err != nil {
		return err
	}
	way, err := relay.Host(i.workspace.Code(), i.workspace.Ports)
	if err != nil {
		return fmt.Errorf("letting the container reach the stack: %w", err)
	}
	defer func() { err = errors.Join(err, way.Close()) }()
	if i.prepare {
		return i.show(ctx, environment)
	}
	defer func() { err = errors.Join(err, i.workspace.Remove()) }()
	return i.invoke(ctx, name)
}

// find finds the repository and the stack, and returns the variables of its functions.
func (i *invoker) find(ctx context.Context) (map[string]map[string]string, error) {
	i.dir = target.LocalStateDir()
	i.root = filepath.Dir(i.dir)
	chosen, err := i.target.Resolve(i.env)
	if err != nil {
		return nil, err
	}
	if chosen.Stack == "" {
		local, err := target.LocalStack()
		if err != nil {
			return nil, fmt.Errorf("%w; for a deployed stack give --stack", err)
		}
		i.free = local.Simulator != ""
	}
	if i.stack, err = i.target.AWS(ctx, i.env); err != nil {
		return nil, err
	}
	return invoke.Environments(os.DirFS(i.root), i.stack.Name, i.stack.Outputs, i.stack.Parameters)
}

// ready builds the functions, and creates a workspace for SAM.
func (i *invoker) ready(ctx context.Context, environment map[string]map[string]string) error {
	var err error
	if i.engine, err = invoke.FindEngine(ctx, i.env.Getenv("DOCKER_HOST")); err != nil {
		return err
	}
	fmt.Fprintln(i.env.Err, "building the functions for", devstack.Architecture())
	built := filepath.Join(i.dir, "build")
	if _, err := devstack.Build(ctx, i.root, built, devstack.Architecture()); err != nil {
		return err
	}
	relayed, err := devstack.BuildRelay(ctx, i.root, i.dir)
	if err != nil {
		return err
	}
	where := filepath.Join(i.dir, "invoke")
	if !i.prepare {
		if where, err = os.MkdirTemp(i.dir, "invoke-"); err != nil {
			return fmt.Errorf("preparing sam local invoke: %w", err)
		}
	}
	i.workspace, err = invoke.Prepare(where, invoke.Config{
		Built: built, Architecture: devstack.Architecture(), Environment: environment,
		Endpoint: term.OrEmpty(i.stack.Config.BaseEndpoint), Relay: relayed,
	})
	if err != nil {
		return err
	}
	credentials, err := i.stack.Config.Credentials.Retrieve(ctx)
	if err != nil {
		return fmt.Errorf("reading your AWS credentials: %w", err)
	}
	program, env, err := devstack.SAM(i.root, i.dir)
	if err != nil {
		return err
	}
	i.sam = invoke.SAM{Program: program, Err: i.env.Err, Env: append(env,
		// SAM passes these on to the function.
		"AWS_ACCESS_KEY_ID="+credentials.AccessKeyID, "AWS_SECRET_ACCESS_KEY="+credentials.SecretAccessKey,
		"AWS_SESSION_TOKEN="+credentials.SessionToken, "AWS_REGION="+i.stack.Config.Region, "AWS_DEFAULT_REGION="+i.stack.Config.Region,
		"DOCKER_HOST="+i.engine.Address)}
	return nil
}

// invoke runs one function, and prints its result.
func (i *invoker) invoke(ctx context.Context, name string) error {
	fill := i.filler()
	event, err := os.ReadFile(i.file)
	if i.file == "" {
		event, err = fill.Event(ctx, name)
	}
	if err != nil {
		return err
	}
	if !i.free {
		fmt.Fprintf(i.env.Err, "This runs %s against the stack %s in %s, whose provider is %s.\n%s\n",
			name, i.stack.Name, i.stack.Config.Region, i.stack.Provider, invoke.Effect(name, event))
		if err := i.env.Confirm(i.yes, "there is no terminal to ask in; confirm with --yes or YES=1"); err != nil {
			return err
		}
	}
	answer, err := i.call(ctx, name, event)
	if len(answer) > 0 {
		fmt.Fprintf(i.env.Out, "%s\n", answer)
	}
	return err
}

// call runs a function with an event.
func (i *invoker) call(ctx context.Context, name string, event []byte) ([]byte, error) {
	if err := i.workspace.WriteEvent(name, event); err != nil {
		return nil, err
	}
	var more []string
	if i.engine.HasImage(ctx, invoke.Image(devstack.Architecture())) {
		more = append(more, "--skip-pull-image")
	}
	return i.sam.Invoke(ctx, i.workspace, name, more...)
}

func (i *invoker) filler() *invoke.Filler {
	fill := &invoke.Filler{
		Samples: filepath.Join(i.root, "events"), Region: i.stack.Config.Region, Token: i.stack.Token,
		Objects: i.stack.S3(), Bucket: i.stack.Outputs["PromptsBucket"],
		Jobs: i.stack.Jobs(), Manifests: i.stack.Manifests(), Job: i.job, Now: i.env.Now,
	}
	if i.free && !i.prepare {
		fill.Run = func(ctx context.Context, name string, event []byte) ([]byte, error) {
			fmt.Fprintln(i.env.Err, "there is no event yet, so", name, "runs first")
			return i.call(ctx, name, event)
		}
	}
	return fill
}

// show prints how to call SAM. For a stack on this machine it then waits until it is
// interrupted.
func (i *invoker) show(ctx context.Context, environment map[string]map[string]string) error {
	fill := i.filler()
	for _, id := range slices.Sorted(maps.Keys(environment)) {
		name, err := invoke.Name(id, []string{id})
		if err != nil {
			return err
		}
		event, err := fill.Event(ctx, name)
		var lacks *invoke.Lacking
		if errors.As(err, &lacks) {
			fmt.Fprintf(i.env.Err, "%s: edit this event before you use it: %s\n", i.near(i.workspace.Event(name)), lacks.What)
			event, err = os.ReadFile(filepath.Join(fill.Samples, name+".json"))
		}
		if err != nil {
			return err
		}
		if err := i.workspace.WriteEvent(name, event); err != nil {
			return err
		}
	}
	fmt.Fprintf(i.env.Out, "ready: %s local invoke SubmitFunction --template %s --event %s\n",
		i.near(i.sam.Program), i.near(i.workspace.Template()), i.near(i.workspace.Event("submit")))
	if !i.free {
		fmt.Fprintln(i.env.Err, "SubmitFunction buys a video, and so do the jobs that ApiFunction and PromptsFunction start.")
	}
	if len(i.workspace.Ports) == 0 {
		return nil
	}
	fmt.Fprintln(i.env.Err, "The containers can reach the local stack until this is interrupted with Ctrl-C.")
	<-ctx.Done()
	return nil
}

// near returns a path relative to the working directory, if that is shorter.
func (i *invoker) near(path string) string {
	here, err := os.Getwd()
	if err != nil {
		return path
	}
	absolute, err := filepath.Abs(path)
	if err != nil {
		return path
	}
	if relative, err := filepath.Rel(here, absolute); err == nil && len(relative) < len(absolute) {
		return relative
	}
	return absolute
}
