package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/takeup/takeup/internal/localstack"
	"github.com/takeup/takeup/internal/video"
)

// The paces of a job, for the progress bar: with the stand-in, its time and that
// of the steps around it; with the provider, a little more than its own sample.
const (
	expectStandIn  = (localstack.JobSeconds + 2) * time.Second
	expectProvider = 90 * time.Second
)

// runCommand is told everything by the environment: make passes on what it was
// given, and a prompt can hold what no command line should.
type runCommand struct {
	Prompt         string `env:"PROMPT"`
	Model          string `env:"MODEL"`
	Duration       string `env:"DURATION"`
	AspectRatio    string `env:"ASPECT_RATIO"`
	NegativePrompt string `env:"NEGATIVE_PROMPT"`
	CfgScale       string `env:"CFG_SCALE"`
	Out            string `default:"out"`
	Port           int    `env:"TAKEUP_PORT"`

	Purchase purchase `embed:""`
}

// Run makes one video by a stack of its own.
func (c *runCommand) Run(ctx context.Context, w *world) (err error) {
	request, err := parameters{
		Model: c.Model, Duration: c.Duration, AspectRatio: c.AspectRatio,
		NegativePrompt: c.NegativePrompt, CfgScale: c.CfgScale,
	}.request(c.Prompt)
	if err != nil {
		return explain(err)
	}
	provider, err := c.Purchase.provider()
	if err != nil {
		return err
	}
	if provider != nil {
		if err := c.Purchase.agree(w, provider); err != nil {
			return err
		}
	}
	stack, err := localstack.Start(ctx, localstack.Options{
		StateDir: filepath.Join(stateDir, "run"), Port: c.Port, Provider: provider, Output: w.out, Now: w.now,
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stack.Stop(ctx)) }()

	executions := sfn.NewFromConfig(stack.Config())
	o := order{
		request: request, out: c.Out, bucket: stack.Outputs["VideosBucket"],
		expect: expectStandIn, interval: 500 * time.Millisecond, free: provider == nil,
		storing: func(ctx context.Context, id string) bool { return storing(ctx, executions, stack, id) },
	}
	if provider != nil && !provider.Loopback() {
		o.expect = expectProvider
	}
	a := &api{world: w, base: stack.API, token: stack.Token}
	id, err := a.generate(ctx, o)
	if err == nil {
		return nil
	}
	if ctx.Err() != nil && id != "" {
		// Elsewhere a job goes on without being watched; here its stack ends.
		err = fmt.Errorf("interrupted: job %s ends here, with the stack that ran it", id)
	}
	if id != "" && provider != nil {
		// The stack and all it knows go now, and what was paid must not.
		err = errors.Join(err, keepJob(context.WithoutCancel(ctx), w, stack.S3(), o.bucket, id, c.Out))
	}
	return fmt.Errorf("%w\nthe logs are in %s", err, stack.Logs())
}

// storing reports whether a job has come to the state Store. It is for show: what
// can't be read is no.
func storing(ctx context.Context, executions *sfn.Client, stack *localstack.Stack, id string) bool {
	execution := executionARN(stack.Outputs["StateMachineArn"], id)
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

// keepJob writes what the ledger knows of a job that may have been paid for to
// <out>/<id>.job.json: with the generation's id, the provider can be asked for
// its video.
func keepJob(ctx context.Context, w *world, objects *s3.Client, bucket, id, out string) error {
	object, err := objects.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: aws.String("jobs/" + id + ".json")})
	var absent *s3types.NoSuchKey
	if errors.As(err, &absent) {
		return nil // it was never submitted
	}
	keeping := func(err error) error {
		return fmt.Errorf("keeping the record of job %s, which may have been paid for: %w", id, err)
	}
	if err != nil {
		return keeping(err)
	}
	defer object.Body.Close()
	data, err := io.ReadAll(object.Body)
	if err != nil {
		return keeping(err)
	}
	var entry video.Entry
	if err := json.Unmarshal(data, &entry); err == nil && entry.Phase == video.PhaseRefused {
		return nil // certainly not paid
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

type upCommand struct {
	Port int `help:"MiniStack's port; 0 is a free one." env:"TAKEUP_PORT"`

	Purchase purchase `embed:""`
}

// Run starts a stack that stays.
func (c *upCommand) Run(ctx context.Context, w *world) error {
	provider, err := c.Purchase.provider()
	if err != nil {
		return err
	}
	if provider != nil {
		fmt.Fprintf(w.out, "Every prompt that this stack is given goes to %s, with your key, and costs about 1 USD.\n", provider.BaseURL)
	}
	stack, err := localstack.Start(ctx, localstack.Options{
		StateDir: stateDir, Port: c.Port, Provider: provider, Output: w.out, Now: w.now, Detach: true,
	})
	var already *localstack.AlreadyRunning
	if errors.As(err, &already) {
		fmt.Fprintln(w.out, already.Error())
		if stack, err = localstack.Open(stateDir); err != nil {
			return err
		}
	}
	if err != nil {
		return err
	}
	tell(w.out, stack)
	return nil
}

// tell prints what a person needs to use a stack.
func tell(out io.Writer, s *localstack.Stack) {
	fmt.Fprintf(out, "\nAPI      %s\ntoken    %s\nAWS      %s (any credentials, region %s)\n", s.API, s.Token, s.AWS, localstack.Region)
	if s.Simulator != "" {
		fmt.Fprintf(out, "provider %s, a stand-in (key %s)\n", s.Simulator, s.SimulatorKey)
	}
	fmt.Fprintf(out, "videos   s3://%s\nprompts  s3://%s\nlogs     %s\n", s.Outputs["VideosBucket"], s.Outputs["PromptsBucket"], s.Logs())
	fmt.Fprintf(out, `
Start a job, and ask how it is doing:
  curl -H 'Authorization: Bearer %[2]s' -H 'Content-Type: application/json' \
    -d '{"prompt": "a paper boat crosses a flooded street"}' %[1]s%[3]s
  curl -H 'Authorization: Bearer %[2]s' '%[1]s%[3]s?generation_id=ID'
make down ends it.
`, s.API, s.Token, generationsPath)
}

type downCommand struct{}

// Run ends the stack that up left.
func (c *downCommand) Run(ctx context.Context, w *world) error {
	said := "the stack has ended"
	if _, err := localstack.Open(stateDir); err != nil {
		said = "no stack is running"
	}
	// Also where none runs: half a stack may.
	if err := localstack.Down(ctx, stateDir); err != nil {
		return err
	}
	fmt.Fprintln(w.out, said)
	return nil
}

type buildCommand struct {
	Dir          string `help:"Where sam deploy looks." default:".aws-sam/build"`
	Architecture string `help:"The processors: ${enum}." enum:"arm64,x86_64" default:"arm64" env:"ARCHITECTURE"`
}

// Run builds what sam deploy takes.
func (c *buildCommand) Run(ctx context.Context, w *world) error {
	built, err := localstack.Build(ctx, ".", c.Dir, c.Architecture)
	if err != nil {
		return err
	}
	note := "built for"
	if !built {
		note = "unchanged, built before for"
	}
	fmt.Fprintf(w.out, "%s %s: %s\n", note, c.Architecture, c.Dir)
	return nil
}
