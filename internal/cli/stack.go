package cli

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
	"github.com/takeup/takeup/internal/dev/stack"
	"github.com/takeup/takeup/internal/lambdaenv/secret"
	"github.com/takeup/takeup/internal/lambdaenv/settings"
	"github.com/takeup/takeup/internal/provider"
	"github.com/takeup/takeup/internal/provider/aimlapi"
	"github.com/takeup/takeup/internal/provider/all"
	"github.com/takeup/takeup/internal/table"
)

// stackAccess is what a command needs to work on a stack.
type stackAccess struct {
	name     string
	config   aws.Config
	outputs  map[string]string
	settings map[string]string // the stack's parameters
	provider string            // the base URL that the stack's functions call
	status   string            // in CloudFormation's words
	local    bool              // it is the one that up started, not one in AWS
}

// describe asks CloudFormation for a stack's outputs and parameters.
func describe(ctx context.Context, config aws.Config, name string) (stackAccess, error) {
	reply, err := cloudformation.NewFromConfig(config).DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: &name})
	if err != nil {
		return stackAccess{}, notFound(err, name, config.Region)
	}
	access := stackAccess{name: name, config: config, outputs: map[string]string{}, settings: map[string]string{}}
	for _, stack := range reply.Stacks {
		access.status = string(stack.StackStatus)
		for _, output := range stack.Outputs {
			access.outputs[deref(output.OutputKey)] = deref(output.OutputValue)
		}
		for _, parameter := range stack.Parameters {
			access.settings[deref(parameter.ParameterKey)] = deref(parameter.ParameterValue)
		}
	}
	access.provider = strings.TrimRight(access.settings["ProviderBaseUrl"], "/")
	for _, output := range []string{"ApiUrl", "ApiTokenSecret", "JobsTable", "VideosBucket", "PromptsBucket", "StateMachineArn", "ProviderKeySecret"} {
		if access.outputs[output] == "" {
			return access, fmt.Errorf("the stack %s has no output %s; is it a stack of Takeup, deployed whole?", name, output)
		}
	}
	if access.provider == "" {
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

// api finds the stack's API. Its token is in Secrets Manager.
func (a stackAccess) api(ctx context.Context, w *world) (apiAccess, error) {
	token, err := a.token(ctx)
	if err != nil {
		return apiAccess{}, err
	}
	address := a.outputs["ApiUrl"]
	if a.config.BaseEndpoint != nil { // not AWS: the address that the template makes up leads nowhere
		address = stack.StageURL(*a.config.BaseEndpoint, a.outputs)
	}
	access := w.access(address, token)
	access.bucket = a.outputs["VideosBucket"]
	return access, nil
}

// tokens is the secret of the API's tokens.
func (a stackAccess) tokens() tokensecret.Secret {
	return tokensecret.New(secretsmanager.NewFromConfig(a.config), a.outputs["ApiTokenSecret"])
}

// token reads the token that was made with the stack.
func (a stackAccess) token(ctx context.Context) (string, error) {
	all, err := a.tokens().Read(ctx)
	var malformed *tokens.Malformed
	switch {
	case errors.As(err, &malformed):
		return "", err
	case err != nil:
		return "", fmt.Errorf("reading the token of the stack %s; your AWS credentials need secretsmanager:GetSecretValue for it: %w", a.name, err)
	}
	token, err := all.Default()
	if err != nil {
		return "", fmt.Errorf("%w, by which takeup calls the API of a stack; make one with takeup token add %s, or give the API's address and a token of your own by TAKEUP_URL and TAKEUP_TOKEN", err, tokens.Default)
	}
	return token, nil
}

// s3 gives a client; an address of its own needs the bucket in the path.
func (a stackAccess) s3() *s3.Client {
	return s3.NewFromConfig(a.config, func(o *s3.Options) { o.UsePathStyle = o.BaseEndpoint != nil })
}

func (a stackAccess) jobs() *table.Table {
	return table.New(dynamodb.NewFromConfig(a.config), a.outputs["JobsTable"], rand.Text, mathrand.N[time.Duration])
}

func (a stackAccess) ids() table.Scan {
	return table.NewScan(dynamodb.NewFromConfig(a.config), a.outputs["JobsTable"])
}

func (a stackAccess) manifests() *bucket.Manifests {
	return bucket.NewManifests(a.s3(), a.outputs["VideosBucket"])
}

// account is the provider's, as the stack's functions call it.
func (a stackAccess) account(w *world) *aimlapi.Client {
	return aimlapi.New(aimlapi.Config{BaseURL: a.provider, Now: w.now})
}

func (a stackAccess) keys() *secret.Keys {
	return secret.New(secretsmanager.NewFromConfig(a.config), a.outputs["ProviderKeySecret"])
}

// accounts are those of the providers, as the stack's functions have them.
func (a stackAccess) accounts(w *world) provider.Accounts {
	set := settings.Provider{BaseURL: settings.BaseURL{BaseURL: a.provider}, Route: aimlapi.Route(a.settings["ProviderRoute"]), KeySecret: a.outputs["ProviderKeySecret"]}
	return all.Accounts(set, secretsmanager.NewFromConfig(a.config), w.now)
}
