package local

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
	"github.com/spf13/cobra"

	"github.com/takeup/takeup/internal/cli/command"
	"github.com/takeup/takeup/internal/cli/generate"
	"github.com/takeup/takeup/internal/cli/request"
	"github.com/takeup/takeup/internal/cli/target"
	devstack "github.com/takeup/takeup/internal/dev/stack"
	"github.com/takeup/takeup/internal/table"
	"github.com/takeup/takeup/internal/video"
)

// NewRun returns the command run, which make run uses. Its input is in the environment, since
// make passes its variables on there, and since a prompt can have characters that are not safe
// on a command line.
func NewRun(env *command.Env) *cobra.Command {
	return &cobra.Command{
		Use: "run", Hidden: true, Args: command.Args(0, 0),
		Short: "Start a local stack, generate one video, stop the stack",
		Long: `Starts a local stack, generates one video and stops the stack, as make run does.
It reads PROMPT, MODEL, DURATION, ASPECT_RATIO, NEGATIVE_PROMPT, CFG_SCALE,
TAKEUP_PORT, AIMLAPI_KEY, AIMLAPI_BASE_URL and YES from the environment.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			r := runner{env: env, out: "out", port: env.Getenv("TAKEUP_PORT"), provider: providerOptionsOf(env)}
			return r.run(cmd.Context())
		},
	}
}

// runner makes one video with a stack of its own.
type runner struct {
	env      *command.Env
	out      string // directory for the video
	port     string
	provider providerOptions
}

// request builds the request from the environment.
func (r *runner) request() (video.Request, error) {
	o := request.Input{Parameters: request.Parameters{Model: r.env.Getenv("MODEL"), Given: map[string][]string{}}}
	for name, variable := range map[string]string{
		"duration": "DURATION", "aspect_ratio": "ASPECT_RATIO", "negative_prompt": "NEGATIVE_PROMPT", "cfg_scale": "CFG_SCALE",
	} {
		if value := r.env.Getenv(variable); value != "" {
			o.Given[name] = []string{value}
		}
	}
	if strings.TrimSpace(r.env.Getenv("PROMPT")) == "" {
		return video.Request{}, command.Usagef(`there is no prompt; give one, as in make run PROMPT="a paper boat crosses a flooded street"`)
	}
	return o.Request(r.env, []string{r.env.Getenv("PROMPT")})
}

func (r *runner) run(ctx context.Context) (err error) {
	request, err := r.request()
	if err != nil {
		return err
	}
	port, err := portNumber(r.port)
	if err != nil {
		return err
	}
	provider, err := r.provider.provider()
	if err != nil {
		return err
	}
	if provider != nil {
		if err := r.provider.confirm(ctx, r.env, provider, request); err != nil {
			return err
		}
	}
	r.env.Cleaning.Store(true) // from here on there may be a stack to stop
	defer r.env.Cleaning.Store(false)
	stack, err := devstack.Start(ctx, devstack.Options{
		StateDir: filepath.Join(target.StateDir, "run"), Port: port, Provider: provider, Output: r.env.Out, Now: r.env.Now,
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stack.Stop(ctx)) }()
	firstPrices(ctx, r.env, stack)

	machine, err := target.StateMachine(stack.Outputs)
	if err != nil {
		return err
	}
	executions := sfn.NewFromConfig(stack.Config())
	m := generate.Creator{
		Env: r.env, API: target.LocalAPI(r.env, stack), Ephemeral: true, Output: generate.OutputOptions{Path: r.out + string(filepath.Separator)},
		Resume: func(id string) string { return "the stack that ran it, which now stops: " + id },
		Storing: func(ctx context.Context, id string) bool {
			return storing(ctx, executions, machine.Execution(id))
		},
	}
	key, err := generate.NewKey(r.env.Random)
	if err != nil {
		return err
	}
	id, err := m.Generate(ctx, request, key)
	if err == nil {
		fmt.Fprintln(r.env.Out, "The stack of this run was stopped. make up starts one that keeps running.")
		return nil
	}
	var without *generate.NoVideo
	if errors.As(err, &without) {
		err = &command.Reworded{Message: withoutStack(without), Err: err}
	}
	if ctx.Err() != nil && id != "" {
		// On another stack the job would keep running; this stack stops.
		err = fmt.Errorf("interrupted: job %s was stopped with the stack that ran it", id)
	}
	if id != "" && provider != nil {
		// The stack and its table are about to be deleted, and a paid video must not be lost.
		err = errors.Join(err, keepJob(context.WithoutCancel(ctx), r.env, target.Stack{Config: stack.Config(), Outputs: stack.Outputs}.Jobs(), id, r.out))
	}
	return fmt.Errorf("%w\nthe logs are in %s", err, stack.Logs())
}

// withoutStack returns an error message for a job whose stack was stopped, so that the job can't
// be redriven and no secret can be changed.
func withoutStack(e *generate.NoVideo) string {
	if e.Outcome == nil {
		return e.Error()
	}
	kind := video.Outcome{Name: e.Outcome.Name}.Kind()
	if kind.Alone == "" {
		return e.Error() // its own message fits
	}
	return fmt.Sprintf("job %s ended with %s: %s; %s", e.ID, kind.Name, kind.Meaning, kind.Alone)
}

// storing reports whether a job has reached the state Store. It is only for the display, so an
// error counts as no.
func storing(ctx context.Context, executions *sfn.Client, execution string) bool {
	history, err := executions.GetExecutionHistory(ctx, &sfn.GetExecutionHistoryInput{
		ExecutionArn: &execution, ReverseOrder: true, MaxResults: 20,
	})
	if err != nil {
		return false
	}
	for _, event := range history.Events {
		if event.Type == types.HistoryEventTypeTaskStateEntered && aws.ToString(event.StateEnteredEventDetails.Name) == "Store" {
			return true
		}
	}
	return false
}

// keepJob writes the record of a job that may have been paid to <out>/<id>.job.json. With the
// generation's id from it, the provider can be asked for the video.
func keepJob(ctx context.Context, env *command.Env, jobs *table.Table, id, out string) error {
	entry, _, err := jobs.Get(ctx, id)
	var absent *video.NoEntry
	if errors.As(err, &absent) {
		return nil // the job was never submitted
	}
	keeping := func(err error) error {
		return fmt.Errorf("keeping the record of job %s, which may have been paid: %w", id, err)
	}
	if err != nil {
		return keeping(err)
	}
	if entry.Phase == video.PhaseRefused {
		return nil // the job was certainly not paid
	}
	data, err := json.MarshalIndent(entry, "", "  ")
	if err != nil {
		return keeping(err)
	}
	path := filepath.Join(out, id+".job.json")
	if err := os.MkdirAll(out, 0o755); err != nil {
		return keeping(err)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		return keeping(err)
	}
	fmt.Fprintf(env.Out, "the video may be paid; its record, for the provider's support, is in %s\n", path)
	return nil
}

// NewBuild returns the command build.
func NewBuild(env *command.Env) *cobra.Command {
	var dir, architecture string
	cmd := &cobra.Command{
		Use: "build", Hidden: true, Args: command.Args(0, 0),
		Short: "Build the template and its functions for sam deploy",
		Long:  "Builds the template and its functions for sam deploy, as make build does.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if architecture == "" {
				architecture = cmp.Or(env.Getenv("ARCHITECTURE"), "arm64")
			}
			if architecture != "arm64" && architecture != "x86_64" {
				return command.Usagef("the architecture %q is not one of Lambda's; choose arm64 or x86_64", architecture)
			}
			built, err := devstack.Build(cmd.Context(), ".", dir, architecture)
			if err != nil {
				return err
			}
			note := "built for"
			if !built {
				note = "unchanged since it was built for"
			}
			fmt.Fprintf(env.Out, "%s %s: %s\n", note, architecture, dir)
			return nil
		},
	}
	cmd.Flags().StringVar(&dir, "dir", ".aws-sam/build", "the `directory` that sam deploy reads")
	cmd.Flags().StringVar(&architecture, "architecture", "", "the `processor`: arm64 or x86_64 (ARCHITECTURE)")
	return cmd
}
