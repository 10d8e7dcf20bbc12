package cli

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

	"github.com/takeup/takeup/internal/dev/invoke"
	"github.com/takeup/takeup/internal/dev/relay"
	"github.com/takeup/takeup/internal/dev/stack"
)

func newInvoke(w *world) *cobra.Command {
	i := invoker{world: w}
	cmd := &cobra.Command{
		Use: "invoke (FUNCTION | --prepare)", GroupID: groupOperate, Args: arguments(0, 1),
		Short: "Run one of the functions in Lambda's container, with sam local invoke",
		Long: `Runs a function of the template, api, authorize, check, prices, prompts, settle, store or submit,
in the container that SAM has for Lambda, against a stack. It is started from
Takeup's repository, and needs a Docker engine. The function is built from the
sources that are here, and has the settings of the stack. What it answers goes to
standard output; the exit status is 1 where it fails.

Its event is that of events/, filled with what the stack has: the token, the prompt
file that was uploaded last, and a job with a generation. On a local stack whose
videos cost nothing, what isn't there is made. On any other it says what the
function will do, and asks: Submit buys a video.

With --prepare it runs nothing. It writes the template and the events for sam local
invoke into .takeup/invoke, says how to call SAM, and lets the containers reach the
local stack until it is interrupted.`,
		Example:           "  takeup invoke submit\n  takeup invoke check --job a-paper-boat --stack takeup\n  takeup invoke api --event my-event.json",
		ValidArgsFunction: cobra.FixedCompletions([]string{"api", "authorize", "check", "prices", "prompts", "settle", "store", "submit"}, cobra.ShellCompDirectiveNoFileComp),
		RunE: func(cmd *cobra.Command, args []string) error {
			i.given = strings.Join(args, "")
			i.yes = i.yes || w.purchase().yes
			return i.run(cmd.Context())
		},
	}
	set := cmd.Flags()
	set.StringVar(&i.file, "event", "", "a `file` with the event, which is given as it is")
	set.StringVar(&i.job, "job", "", "the `id` of the job that check and store get")
	set.BoolVar(&i.yes, "yes", false, "go on without asking (YES=1)")
	set.BoolVar(&i.prepare, "prepare", false, "write what sam local invoke needs, and run nothing")
	i.target.flags(cmd)
	complete(cmd, "job", nil)
	return cmd
}

// invoker runs functions against a stack.
type invoker struct {
	*world
	target  target
	given   string // the function
	file    string
	job     string
	yes     bool
	prepare bool

	root, dir string // the repository, and where it keeps what runs
	stack     stackAccess
	free      bool // nobody pays for a video
	engine    *invoke.Engine
	workspace *invoke.Workspace
	sam       invoke.SAM
}

func (i *invoker) run(ctx context.Context) (err error) {
	if i.prepare && (i.given != "" || i.file != "" || i.job != "") {
		return &usageError{errors.New("--prepare is for all functions; give it alone")}
	}
	environment, err := i.find(ctx)
	if err != nil {
		return err
	}
	name := ""
	if !i.prepare {
		if name, err = invoke.Name(i.given, slices.Collect(maps.Keys(environment))); err != nil {
			return &usageError{err}
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

// find finds the repository and the stack, and gives the variables of the stack's
// functions.
func (i *invoker) find(ctx context.Context) (map[string]map[string]string, error) {
	i.dir = localStateDir()
	i.root = filepath.Dir(i.dir)
	chosen, err := i.target.chosen(i.world)
	if err != nil {
		return nil, err
	}
	if chosen.stack == "" {
		local, err := localStack()
		if err != nil {
			return nil, fmt.Errorf("%w; --stack names a deployed one", err)
		}
		i.free = local.Simulator != ""
	}
	if i.stack, err = i.target.aws(ctx, i.world); err != nil {
		return nil, err
	}
	return invoke.Environments(os.DirFS(i.root), i.stack.outputs, i.stack.settings)
}

// ready builds the functions, and makes a workspace for them.
func (i *invoker) ready(ctx context.Context, environment map[string]map[string]string) error {
	var err error
	if i.engine, err = invoke.FindEngine(ctx, i.getenv("DOCKER_HOST")); err != nil {
		return err
	}
	fmt.Fprintln(i.err, "building the functions for", stack.Architecture())
	built := filepath.Join(i.dir, "build")
	if _, err := stack.Build(ctx, i.root, built, stack.Architecture()); err != nil {
		return err
	}
	relayed, err := stack.BuildRelay(ctx, i.root, i.dir)
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
		Built: built, Architecture: stack.Architecture(), Environment: environment,
		Endpoint: deref(i.stack.config.BaseEndpoint), Relay: relayed,
	})
	if err != nil {
		return err
	}
	credentials, err := i.stack.config.Credentials.Retrieve(ctx)
	if err != nil {
		return fmt.Errorf("reading your AWS credentials: %w", err)
	}
	program, env, err := stack.SAM(i.root, i.dir)
	if err != nil {
		return err
	}
	i.sam = invoke.SAM{Program: program, Err: i.err, Env: append(env,
		// SAM hands them on to the function.
		"AWS_ACCESS_KEY_ID="+credentials.AccessKeyID, "AWS_SECRET_ACCESS_KEY="+credentials.SecretAccessKey,
		"AWS_SESSION_TOKEN="+credentials.SessionToken, "AWS_REGION="+i.stack.config.Region, "AWS_DEFAULT_REGION="+i.stack.config.Region,
		"DOCKER_HOST="+i.engine.Address)}
	return nil
}

// invoke runs one function, and prints its answer.
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
		fmt.Fprintf(i.err, "This runs %s against the stack %s in %s, whose provider is %s.\n%s\n",
			name, i.stack.name, i.stack.config.Region, i.stack.provider, invoke.Effect(name, event))
		if err := i.ask(i.yes, "nobody can be asked here; --yes or YES=1 agrees"); err != nil {
			return err
		}
	}
	answer, err := i.call(ctx, name, event)
	if len(answer) > 0 {
		fmt.Fprintf(i.out, "%s\n", answer)
	}
	return err
}

// call runs a function with an event.
func (i *invoker) call(ctx context.Context, name string, event []byte) ([]byte, error) {
	if err := i.workspace.WriteEvent(name, event); err != nil {
		return nil, err
	}
	var more []string
	if i.engine.HasImage(ctx, invoke.Image(stack.Architecture())) {
		more = append(more, "--skip-pull-image")
	}
	return i.sam.Invoke(ctx, i.workspace, name, more...)
}

func (i *invoker) filler() *invoke.Filler {
	fill := &invoke.Filler{
		Samples: filepath.Join(i.root, "events"), Region: i.stack.config.Region, Token: i.stack.token,
		Objects: i.stack.s3(), Bucket: i.stack.outputs["PromptsBucket"],
		Jobs: i.stack.jobs(), Manifests: i.stack.manifests(), Job: i.job, Now: i.now,
	}
	if i.free && !i.prepare {
		fill.Run = func(ctx context.Context, name string, event []byte) ([]byte, error) {
			fmt.Fprintln(i.err, "no event is there yet, so", name, "runs first")
			return i.call(ctx, name, event)
		}
	}
	return fill
}

// show says how SAM is called, and waits while the stack is on this machine.
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
			fmt.Fprintf(i.err, "%s: edit this event before you use it: %s\n", i.near(i.workspace.Event(name)), lacks.What)
			event, err = os.ReadFile(filepath.Join(fill.Samples, name+".json"))
		}
		if err != nil {
			return err
		}
		if err := i.workspace.WriteEvent(name, event); err != nil {
			return err
		}
	}
	fmt.Fprintf(i.out, "ready: %s local invoke SubmitFunction --template %s --event %s\n",
		i.near(i.sam.Program), i.near(i.workspace.Template()), i.near(i.workspace.Event("submit")))
	if !i.free {
		fmt.Fprintln(i.err, "SubmitFunction buys a video, and so does what ApiFunction and PromptsFunction start.")
	}
	if len(i.workspace.Ports) == 0 {
		return nil
	}
	fmt.Fprintln(i.err, "The containers reach the local stack until this is interrupted, by Ctrl-C.")
	<-ctx.Done()
	return nil
}

// near gives a path from the working directory.
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
