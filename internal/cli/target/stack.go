package target

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/smithy-go"

	"github.com/takeup/takeup/internal/api/tokens"
	"github.com/takeup/takeup/internal/api/tokensecret"
	"github.com/takeup/takeup/internal/bucket"
	"github.com/takeup/takeup/internal/cli/command"
	"github.com/takeup/takeup/internal/cli/term"
	devstack "github.com/takeup/takeup/internal/dev/stack"
	"github.com/takeup/takeup/internal/jobs/arn"
	"github.com/takeup/takeup/internal/lambdaenv/accounts"
	"github.com/takeup/takeup/internal/lambdaenv/secret"
	"github.com/takeup/takeup/internal/lambdaenv/settings"
	"github.com/takeup/takeup/internal/provider"
	"github.com/takeup/takeup/internal/provider/aimlapi"
	"github.com/takeup/takeup/internal/table"
	"github.com/takeup/takeup/internal/table/outbox"
)

// Stack is a deployed stack, as CloudFormation describes it.
type Stack struct {
	Name       string
	Config     aws.Config
	Outputs    map[string]string
	Parameters map[string]string // by name
	Provider   string            // base URL of the provider
	Status     string            // as named by CloudFormation
	Local      bool              // started by takeup up, not in AWS
}

// describe asks CloudFormation for a stack's outputs and parameters.
func describe(ctx context.Context, config aws.Config, name string) (Stack, error) {
	reply, err := cloudformation.NewFromConfig(config).DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: &name})
	if err != nil {
		return Stack{}, notFound(err, name, config.Region)
	}
	access := Stack{Name: name, Config: config, Outputs: map[string]string{}, Parameters: map[string]string{}}
	for _, stack := range reply.Stacks {
		access.Status = string(stack.StackStatus)
		for _, output := range stack.Outputs {
			access.Outputs[term.OrEmpty(output.OutputKey)] = term.OrEmpty(output.OutputValue)
		}
		for _, parameter := range stack.Parameters {
			access.Parameters[term.OrEmpty(parameter.ParameterKey)] = term.OrEmpty(parameter.ParameterValue)
		}
	}
	access.Provider = strings.TrimRight(access.Parameters["ProviderBaseUrl"], "/")
	for _, output := range []string{"ApiUrl", "ApiTokenSecret", "JobsTable", "VideosBucket", "PromptsBucket", "StateMachineArn", "ProviderKeySecret"} {
		if access.Outputs[output] == "" {
			return access, fmt.Errorf("the stack %s has no output %s; is it a Takeup stack, and was its deployment complete?", name, output)
		}
	}
	if access.Provider == "" {
		return access, fmt.Errorf("the stack %s has no parameter ProviderBaseUrl; is it a Takeup stack?", name)
	}
	return access, nil
}

// notFound explains why a stack could not be described, and what to do.
func notFound(err error, name, region string) error {
	fix := "check your AWS credentials, for instance with `aws sts get-caller-identity`"
	var apiError smithy.APIError
	if errors.As(err, &apiError) && apiError.ErrorCode() == "ValidationError" {
		fix = "give the name that it was deployed with, and --region or --profile if it is elsewhere"
	}
	return fmt.Errorf("the stack %s was not found in region %s; %s: %w", name, region, fix, err)
}

// API returns a client of the stack's API, with the token from Secrets Manager.
func (s Stack) API(ctx context.Context, env *command.Env) (API, error) {
	token, err := s.Token(ctx)
	if err != nil {
		return API{}, err
	}
	address := s.Outputs["ApiUrl"]
	if s.Config.BaseEndpoint != nil { // an emulator, whose output ApiUrl has no host
		address = devstack.StageURL(*s.Config.BaseEndpoint, s.Outputs)
	}
	api := NewAPI(env, address, token)
	api.Bucket = s.Outputs["VideosBucket"]
	return api, nil
}

// Tokens returns the secret with the API's tokens.
func (s Stack) Tokens() tokensecret.Secret {
	return tokensecret.New(secretsmanager.NewFromConfig(s.Config), s.Outputs["ApiTokenSecret"])
}

// Token reads the API's default token.
func (s Stack) Token(ctx context.Context) (string, error) {
	all, err := s.Tokens().Read(ctx)
	var malformed *tokens.Malformed
	switch {
	case errors.As(err, &malformed):
		return "", err
	case err != nil:
		return "", fmt.Errorf("reading the API's token of the stack %s, for which your AWS credentials need secretsmanager:GetSecretValue: %w", s.Name, err)
	}
	token, err := all.Default()
	if err != nil {
		return "", fmt.Errorf("%w, and takeup calls a stack's API with it; create it with takeup token add %s, or set TAKEUP_URL and TAKEUP_TOKEN to the API's address and a token of your own", err, tokens.Default)
	}
	return token, nil
}

// S3 returns an S3 client. With an emulator's address, the bucket must be in the path.
func (s Stack) S3() *s3.Client {
	return s3.NewFromConfig(s.Config, func(o *s3.Options) { o.UsePathStyle = o.BaseEndpoint != nil })
}

// Jobs returns the table of jobs.
func (s Stack) Jobs() *table.Table {
	return table.New(dynamodb.NewFromConfig(s.Config), s.Outputs["JobsTable"], rand.Text, mathrand.N[time.Duration])
}

// Outbox returns what is not told yet.
func (s Stack) Outbox() *outbox.Box {
	return outbox.New(dynamodb.NewFromConfig(s.Config), s.Outputs["JobsTable"])
}

// Scan returns a scan of the table of jobs.
func (s Stack) Scan() table.Scan {
	return table.NewScan(dynamodb.NewFromConfig(s.Config), s.Outputs["JobsTable"])
}

// Manifests returns the manifests in the videos bucket.
func (s Stack) Manifests() *bucket.Manifests {
	return bucket.NewManifests(s.S3(), s.Outputs["VideosBucket"])
}

// ProviderClient returns a client of the stack's provider.
func (s Stack) ProviderClient(env *command.Env) *aimlapi.Client {
	return aimlapi.New(aimlapi.Config{BaseURL: s.Provider, Now: env.Now})
}

// Keys returns the secret with the provider's key.
func (s Stack) Keys() *secret.Keys {
	return secret.New(secretsmanager.NewFromConfig(s.Config), s.Outputs["ProviderKeySecret"])
}

// Accounts returns the accounts at the providers, as the stack's functions have them.
func (s Stack) Accounts(env *command.Env) provider.Accounts {
	set := settings.Provider{BaseURL: settings.BaseURL{BaseURL: s.Provider}, Route: aimlapi.Route(s.Parameters["ProviderRoute"]), KeySecret: s.Outputs["ProviderKeySecret"]}
	return accounts.Of(set, secretsmanager.NewFromConfig(s.Config), env.Now)
}

// StateMachine parses the ARN of the state machine in a stack's outputs.
func StateMachine(outputs map[string]string) (machine arn.ARN, err error) {
	err = machine.UnmarshalText([]byte(outputs["StateMachineArn"]))
	return machine, err
}
