package cli

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

	"github.com/takeup/takeup/internal/dev/stack"
	"github.com/takeup/takeup/internal/table"
	"github.com/takeup/takeup/internal/video"
)

// newRun is what make run does. It is told everything by the environment: make
// passes on what it was given, and a prompt can hold what no command line should.
func newRun(w *world) *cobra.Command {
	return &cobra.Command{
		Use: "run", Hidden: true, Args: arguments(0, 0),
		Short: "Start a local stack, generate one video, end the stack",
		Long: `Starts a local stack, generates one video and ends the stack: what make run does.
It takes PROMPT, MODEL, DURATION, ASPECT_RATIO, NEGATIVE_PROMPT, CFG_SCALE,
TAKEUP_PORT, AIMLAPI_KEY, AIMLAPI_BASE_URL and YES from the environment.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			r := runner{world: w, out: "out", port: w.getenv("TAKEUP_PORT"), purchase: w.purchase()}
			return r.run(cmd.Context())
		},
	}
}

// runner makes one video by a stack of its own.
type runner struct {
	*world
	out      string // the directory for the video
	port     string
	purchase purchase
}

// request makes the request of the environment.
func (r *runner) request() (video.Request, error) {
	o := order{parameters: parameters{model: r.getenv("MODEL"), given: map[string][]string{}}}
	for name, variable := range map[string]string{
		"duration": "DURATION", "aspect_ratio": "ASPECT_RATIO", "negative_prompt": "NEGATIVE_PROMPT", "cfg_scale": "CFG_SCALE",
	} {
		if value := r.getenv(variable); value != "" {
			o.given[name] = []string{value}
		}
	}
	if strings.TrimSpace(r.getenv("PROMPT")) == "" {
		return video.Request{}, &usageError{errors.New(`there is no prompt; type make run PROMPT="a paper boat crosses a flooded street"`)}
	}
	return o.request(r.world, []string{r.getenv("PROMPT")})
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
	provider, err := r.purchase.provider()
	if err != nil {
		return err
	}
	if provider != nil {
		if err := r.purchase.agree(ctx, r.world, provider, request); err != nil {
			return err
		}
	}
	r.cleaning.Store(true) // from here on there is a stack to end
	defer r.cleaning.Store(false)
	stack, err := stack.Start(ctx, stack.Options{
		StateDir: filepath.Join(stateDir, "run"), Port: port, Provider: provider, Output: r.world.out, Now: r.now,
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stack.Stop(ctx)) }()
	r.firstPrices(ctx, stack)

	machine, err := stateMachine(stack.Outputs)
	if err != nil {
		return err
	}
	executions := sfn.NewFromConfig(stack.Config())
	m := maker{
		world: r.world, api: localAPI(r.world, stack), passing: true, delivery: delivery{output: r.out + string(filepath.Separator)},
		back: func(id string) string { return "the stack that ran it, which ends now: " + id },
		storing: func(ctx context.Context, id string) bool {
			return storing(ctx, executions, machine.Execution(id))
		},
	}
	key, err := r.newKey()
	if err != nil {
		return err
	}
	id, err := m.made(ctx, request, key)
	if err == nil {
		fmt.Fprintln(r.world.out, "The stack has ended with this run. make up starts one that stays.")
		return nil
	}
	var without *noVideo
	if errors.As(err, &without) {
		err = &explained{said: withoutStack(without), err: err}
	}
	if ctx.Err() != nil && id != "" {
		// Elsewhere a job goes on without being watched; here its stack ends.
		err = fmt.Errorf("interrupted: job %s ends here, with the stack that ran it", id)
	}
	if id != "" && provider != nil {
		// The stack and all it knows go now, and what was paid must not.
		err = errors.Join(err, keepJob(context.WithoutCancel(ctx), r.world, stackAccess{config: stack.Config(), outputs: stack.Outputs}.jobs(), id, r.out))
	}
	return fmt.Errorf("%w\nthe logs are in %s", err, stack.Logs())
}

// withoutStack says how a job ended whose stack has ended with it: what there is
// to redrive a job in, or to put a key into, is gone.
func withoutStack(e *noVideo) string {
	if e.Outcome == nil {
		return e.Error()
	}
	kind := video.Outcome{Name: e.Outcome.Name}.Kind()
	if kind.Alone == "" {
		return e.Error() // its own words fit
	}
	return fmt.Sprintf("job %s ended with %s: %s; %s", e.ID, kind.Name, kind.Meaning, kind.Alone)
}

// storing reports whether a job has come to the state Store. It is for show: what
// can't be read is no.
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

// keepJob writes what is known of a job that may have been paid for to
// <out>/<id>.job.json: with the generation's id, the provider can be asked for
// its video.
func keepJob(ctx context.Context, w *world, jobs *table.Table, id, out string) error {
	entry, _, err := jobs.Get(ctx, id)
	var absent *video.NoEntry
	if errors.As(err, &absent) {
		return nil // it was never submitted
	}
	keeping := func(err error) error {
		return fmt.Errorf("keeping the record of job %s, which may have been paid for: %w", id, err)
	}
	if err != nil {
		return keeping(err)
	}
	if entry.Phase == video.PhaseRefused {
		return nil // certainly not paid
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
	fmt.Fprintf(w.out, "the video may be paid for; what is known of it, for the provider's support, is kept in %s\n", path)
	return nil
}

func newBuild(w *world) *cobra.Command {
	var dir, architecture string
	cmd := &cobra.Command{
		Use: "build", Hidden: true, Args: arguments(0, 0),
		Short: "Build the template and its functions for sam deploy",
		Long:  "Builds the template and its functions for sam deploy: what make build does.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if architecture == "" {
				architecture = cmp.Or(w.getenv("ARCHITECTURE"), "arm64")
			}
			if architecture != "arm64" && architecture != "x86_64" {
				return &usageError{fmt.Errorf("the architecture %q is not one of Lambda's; it is arm64 or x86_64", architecture)}
			}
			built, err := stack.Build(cmd.Context(), ".", dir, architecture)
			if err != nil {
				return err
			}
			note := "built for"
			if !built {
				note = "unchanged, built before for"
			}
			fmt.Fprintf(w.out, "%s %s: %s\n", note, architecture, dir)
			return nil
		},
	}
	cmd.Flags().StringVar(&dir, "dir", ".aws-sam/build", "where sam deploy looks")
	cmd.Flags().StringVar(&architecture, "architecture", "", "the processors: arm64 or x86_64 (ARCHITECTURE)")
	return cmd
}
