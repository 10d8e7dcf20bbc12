package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sfn"

	"github.com/takeup/takeup/internal/ledger"
	"github.com/takeup/takeup/internal/localstack"
	"github.com/takeup/takeup/internal/manifest"
)

// stackFlags say which stack a command works on.
type stackFlags struct {
	Stack   string `help:"The name of a deployed stack, found with your AWS credentials; by default the local stack." env:"TAKEUP_STACK"`
	Profile string `help:"The AWS profile, for --stack."`
	Region  string `help:"The AWS region, for --stack."`
}

// stackAccess is what a command needs to work on a stack.
type stackAccess struct {
	config   aws.Config
	outputs  map[string]string
	provider string // the base URL that the stack's functions call
}

// open finds the stack.
func (f stackFlags) open(ctx context.Context) (stackAccess, error) {
	if f.Stack == "" {
		if f.Profile != "" || f.Region != "" {
			return stackAccess{}, &usageError{errors.New("--profile and --region are for a deployed stack; name it with --stack")}
		}
		stack, err := localstack.Open(stateDir)
		if err != nil {
			return stackAccess{}, fmt.Errorf("%w; or name a deployed one with --stack", err)
		}
		return describe(ctx, stack.Config(), localstack.StackName)
	}
	var options []func(*config.LoadOptions) error
	if f.Profile != "" {
		options = append(options, config.WithSharedConfigProfile(f.Profile))
	}
	if f.Region != "" {
		options = append(options, config.WithRegion(f.Region))
	}
	loaded, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return stackAccess{}, fmt.Errorf("reading the AWS configuration: %w", err)
	}
	if loaded.Region == "" {
		return stackAccess{}, &usageError{errors.New("no AWS region is known; give it with --region or set AWS_REGION")}
	}
	return describe(ctx, loaded, f.Stack)
}

// describe asks CloudFormation for a stack's outputs and parameters.
func describe(ctx context.Context, aws aws.Config, name string) (stackAccess, error) {
	reply, err := cloudformation.NewFromConfig(aws).DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: &name})
	if err != nil {
		return stackAccess{}, fmt.Errorf("finding the stack %s in region %s: %w", name, aws.Region, err)
	}
	access := stackAccess{config: aws, outputs: map[string]string{}}
	for _, stack := range reply.Stacks {
		for _, output := range stack.Outputs {
			access.outputs[deref(output.OutputKey)] = deref(output.OutputValue)
		}
		for _, parameter := range stack.Parameters {
			if deref(parameter.ParameterKey) == "ProviderBaseUrl" {
				access.provider = strings.TrimRight(deref(parameter.ParameterValue), "/")
			}
		}
	}
	for _, output := range []string{"VideosBucket", "PromptsBucket", "StateMachineArn", "ProviderKeySecret"} {
		if access.outputs[output] == "" {
			return access, fmt.Errorf("the stack %s has no output %s; is it a stack of Takeup, deployed whole?", name, output)
		}
	}
	if access.provider == "" {
		return access, fmt.Errorf("the stack %s has no parameter ProviderBaseUrl; is it a stack of Takeup?", name)
	}
	return access, nil
}

func deref(s *string) string { return aws.ToString(s) }

// s3 gives a client; an address of its own needs the bucket in the path.
func (a stackAccess) s3() *s3.Client {
	return s3.NewFromConfig(a.config, func(o *s3.Options) { o.UsePathStyle = o.BaseEndpoint != nil })
}

func (a stackAccess) ledger() *ledger.Ledger {
	// Nothing is written here, so that no nonce is asked for.
	return ledger.New(a.s3(), a.outputs["VideosBucket"], nil)
}

func (a stackAccess) shelf() *manifest.Shelf { return manifest.New(a.s3(), a.outputs["VideosBucket"]) }

func (a stackAccess) executions() executions {
	return executions{client: sfn.NewFromConfig(a.config), stateMachine: a.outputs["StateMachineArn"]}
}
