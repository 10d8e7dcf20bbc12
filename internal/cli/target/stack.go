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
	"github.com/takeup/takeup/internal/lambdaenv/secret"
	"github.com/takeup/takeup/internal/provider/aimlapi"
	"github.com/takeup/takeup/internal/table"
)

// Stack is what a command needs to work on a stack.
type Stack struct {
	Name       string
	Config     aws.Config
	Outputs    map[string]string
	Parameters map[string]string // the stack's parameters
	Provider   string            // the base URL that the stack's functions call
	Status     string            // in CloudFormation's words
	Local      bool              // it is the one that up started, not one in AWS
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
			return access, fmt.Errorf("the stack %s has no output %s; is it a stack of Takeup, deployed whole?", name, output)
		}
	}
	if access.Provider == "" {
		return access, fmt.Errorf("the stack %s has no parameter ProviderBaseUrl; is it a stack of Takeup?", name)
	}
	return access, nil
}

// notFound says why a stack could not be described, and what to do.
func notFound(err error, name, region string) error {
	fix := "see that your AWS credentials work, as with `aws sts get-caller-identity`"
	var said smithy.APIError
	if errors.As(err, &said) && said.ErrorCode() == "ValidationError" {
		fix = "give the name that it was deployed by, and --region or --profile where it is elsewhere"
	}
	return fmt.Errorf("the stack %s was not found in region %s; %s: %w", name, region, fix, err)
}

// API finds the stack's API. Its token is in Secrets Manager.
func (a Stack) API(ctx context.Context, env *command.Env) (API, error) {
	token, err := a.Token(ctx)
	if err != nil {
		return API{}, err
	}
	address := a.Outputs["ApiUrl"]
	if a.Config.BaseEndpoint != nil { // not AWS: the address that the template makes up leads nowhere
		address = devstack.StageURL(*a.Config.BaseEndpoint, a.Outputs)
	}
	api := NewAPI(env, address, token)
	api.Bucket = a.Outputs["VideosBucket"]
	return api, nil
}

// Tokens is the secret of the API's tokens.
func (a Stack) Tokens() tokensecret.Secret {
	return tokensecret.New(secretsmanager.NewFromConfig(a.Config), a.Outputs["ApiTokenSecret"])
}

// Token reads the token that was made with the stack.
func (a Stack) Token(ctx context.Context) (string, error) {
	all, err := a.Tokens().Read(ctx)
	var malformed *tokens.Malformed
	switch {
	case errors.As(err, &malformed):
		return "", err
	case err != nil:
		return "", fmt.Errorf("reading the token of the stack %s; your AWS credentials need secretsmanager:GetSecretValue for it: %w", a.Name, err)
	}
	token, err := all.Default()
	if err != nil {
		return "", fmt.Errorf("%w, by which takeup calls the API of a stack; make one with takeup token add %s, or give the API's address and a token of your own by TAKEUP_URL and TAKEUP_TOKEN", err, tokens.Default)
	}
	return token, nil
}

// S3 gives a client; an address of its own needs the bucket in the path.
func (a Stack) S3() *s3.Client {
	return s3.NewFromConfig(a.Config, func(o *s3.Options) { o.UsePathStyle = o.BaseEndpoint != nil })
}

func (a Stack) Jobs() *table.Table {
	return table.New(dynamodb.NewFromConfig(a.Config), a.Outputs["JobsTable"], rand.Text, mathrand.N[time.Duration])
}

func (a Stack) Scan() table.Scan {
	return table.NewScan(dynamodb.NewFromConfig(a.Config), a.Outputs["JobsTable"])
}

func (a Stack) Manifests() *bucket.Shelf { return bucket.New(a.S3(), a.Outputs["VideosBucket"]) }

// ProviderClient is the provider's, as the stack's functions call it.
func (a Stack) ProviderClient(env *command.Env) *aimlapi.Client {
	return aimlapi.New(aimlapi.Config{BaseURL: a.Provider, Now: env.Now})
}

func (a Stack) Keys() *secret.Keys {
	return secret.New(secretsmanager.NewFromConfig(a.Config), a.Outputs["ProviderKeySecret"])
}

// StateMachine is the ARN that a stack's outputs have.
func StateMachine(outputs map[string]string) (machine arn.ARN, err error) {
	err = machine.UnmarshalText([]byte(outputs["StateMachineArn"]))
	return machine, err
}
