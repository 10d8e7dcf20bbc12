// Package verifyaws checks on a deployed stack what only AWS itself can show: what IAM allows,
// what API Gateway answers in place of the functions, which names Lambda's failures have. For
// each step, it says what it checks, and that AWS did so or what it did instead.
//
// It pays nothing to the provider: if a job might be paid for, it starts none. AWS charges a few
// cents for a whole run. Steps that disturb a stack run only when requested by name.
package verifyaws

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/takeup/takeup/internal/api/tokensecret"
)

// The groups of steps that disturb a stack or cost the most.
const (
	GroupLoad     = "load"     // a minute of requests, 60 a second
	GroupBreak    = "break"    // functions get settings that fail, and their own back
	GroupRedeploy = "redeploy" // the parameter ApiCorsOrigin is changed, and changed back
	GroupDelete   = "delete"   // the stack is deleted
)

// Groups returns them all.
func Groups() []string { return []string{GroupLoad, GroupBreak, GroupRedeploy, GroupDelete} }

// Options configure a run.
type Options struct {
	Config aws.Config
	Stack  string
	// Local says that a local engine is used in place of AWS, and API is where it serves the
	// stack's API. In AWS that is the output ApiUrl.
	Local bool
	API   string
	// Template is the text of template.yaml.
	Template []byte
	// Groups are the requested groups.
	Groups []string
	// LoadRequests is the number of requests of GroupLoad, at 60 a second.
	LoadRequests int
	Output       io.Writer
}

// Outcome is the outcome of a step.
type Outcome string

const (
	Passed  Outcome = "pass"
	Differs Outcome = "differs"  // AWS did something else
	NotHere Outcome = "not here" // a local engine is used, and can't show it
	Skipped Outcome = "skipped"  // it was not requested, or a job might be paid for
)

// Result is the result of a step.
type Result struct {
	Name, Checks string
	Outcome      Outcome
	Saw          string
}

func (r Result) String() string {
	return fmt.Sprintf("%-8s  %s: %s\n          %s", r.Outcome, r.Name, r.Checks, r.Saw)
}

// step is one check. If a local engine can't show it, elsewhere says why.
type step struct {
	name, checks string
	group        string // empty means harmless
	jobs         bool   // it starts jobs
	elsewhere    string // why a local engine can't show it
	run          func(*stack, context.Context) (saw string, err error)
}

// differs is an error that says what AWS did.
type differs struct{ saw string }

func (d *differs) Error() string { return d.saw }

func otherwise(format string, args ...any) error { return &differs{fmt.Sprintf(format, args...)} }

// stack is the stack to verify.
type stack struct {
	Options
	api, token string
	outputs    map[string]string
	parameters map[string]string
	names      map[string]string // of the resources, by their logical ids
	s3         *s3.Client
	http       *http.Client
	unpaid     string // why no job is paid for; empty if one might be
}

// Run verifies a stack and returns the result of each step. The error is one of the run itself:
// the stack can't be found, or its token can't be read.
func Run(ctx context.Context, o Options) ([]Result, error) {
	s, err := find(ctx, o)
	if err != nil {
		return nil, err
	}
	var results []Result
	for _, step := range steps() {
		r := s.take(ctx, step)
		if ctx.Err() != nil {
			return results, context.Cause(ctx)
		}
		results = append(results, r)
		fmt.Fprintln(o.Output, r)
	}
	count := func(outcome Outcome) int {
		return len(slices.DeleteFunc(slices.Clone(results), func(r Result) bool { return r.Outcome != outcome }))
	}
	fmt.Fprintf(o.Output, "steps=%d passed=%d differing=%d not-here=%d skipped=%d\n",
		len(results), count(Passed), count(Differs), count(NotHere), count(Skipped))
	return results, nil
}

func (s *stack) take(ctx context.Context, step step) Result {
	r := Result{Name: step.name, Checks: step.checks}
	switch {
	case step.group != "" && !slices.Contains(s.Groups, step.group):
		r.Outcome, r.Saw = Skipped, "it disturbs the stack; ask for it with WITH="+step.group
	case s.Local && step.elsewhere != "":
		r.Outcome, r.Saw = NotHere, step.elsewhere
	case step.jobs && s.unpaid == "":
		r.Outcome, r.Saw = Skipped, "its jobs would be paid, since the provider accepts the stack's key; deploy with ProviderKey=invalid"
	default:
		saw, err := step.run(s, ctx)
		r.Outcome, r.Saw = Passed, saw
		if err != nil {
			r.Outcome, r.Saw = Differs, err.Error()
		}
	}
	return r
}

func steps() []step {
	return slices.Concat(accountSteps(), apiSteps(), jobSteps(), disturbing())
}

// find reads the facts about the stack.
func find(ctx context.Context, o Options) (*stack, error) {
	s := &stack{
		Options: o, outputs: map[string]string{}, parameters: map[string]string{}, names: map[string]string{},
		http: &http.Client{Timeout: time.Minute, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
	}
	formation := cloudformation.NewFromConfig(o.Config)
	described, err := formation.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: &o.Stack})
	if err != nil {
		return nil, fmt.Errorf("finding the stack %s; see that your AWS credentials and region are right: %w", o.Stack, err)
	}
	for _, found := range described.Stacks {
		for _, output := range found.Outputs {
			s.outputs[aws.ToString(output.OutputKey)] = aws.ToString(output.OutputValue)
		}
		for _, parameter := range found.Parameters {
			s.parameters[aws.ToString(parameter.ParameterKey)] = aws.ToString(parameter.ParameterValue)
		}
	}
	resources, err := formation.DescribeStackResources(ctx, &cloudformation.DescribeStackResourcesInput{StackName: &o.Stack})
	if err != nil {
		return nil, fmt.Errorf("reading the resources of the stack %s: %w", o.Stack, err)
	}
	for _, r := range resources.StackResources {
		s.names[aws.ToString(r.LogicalResourceId)] = aws.ToString(r.PhysicalResourceId)
	}
	all, err := tokensecret.New(secretsmanager.NewFromConfig(o.Config), s.outputs["ApiTokenSecret"]).Read(ctx)
	if err != nil {
		return nil, err
	}
	if s.token, err = all.Default(); err != nil {
		return nil, err
	}
	s.api = s.outputs["ApiUrl"]
	if s.Local {
		s.api = o.API
	}
	s.s3 = s3.NewFromConfig(o.Config, func(options *s3.Options) { options.UsePathStyle = s.Local })
	s.unpaid = s.pays(ctx)
	return s, nil
}
