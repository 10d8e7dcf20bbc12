package doctor

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
)

// fewExecutions is the minimum that an account should allow while checks wait for their videos.
// Each check occupies one execution, and the API needs some too. A new account may allow 10.
// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
const fewExecutions = 100

// AccountLimits reads the account's Lambda limits.
type AccountLimits interface {
	GetAccountSettings(context.Context, *lambda.GetAccountSettingsInput, ...func(*lambda.Options)) (*lambda.GetAccountSettingsOutput, error)
}

// Concurrency checks that the account allows as many concurrent Lambda executions as checks may
// occupy that poll for pollWindow seconds.
func Concurrency(ctx context.Context, client AccountLimits, pollWindow string) Line {
	const check = "Lambda concurrency"
	got, err := client.GetAccountSettings(ctx, &lambda.GetAccountSettingsInput{})
	if err != nil {
		return fix(check, "the account's limit can't be read", "give your AWS credentials lambda:GetAccountSettings").because(err)
	}
	if got.AccountLimit == nil {
		return fix(check, "AWS does not report the account's limit", "look it up in Service Quotas, under AWS Lambda, Concurrent executions")
	}
	limit := got.AccountLimit.ConcurrentExecutions
	if limit < fewExecutions && pollWindow != "0" {
		return fix(check, fmt.Sprintf("the account allows %d executions, and each running job may occupy one, so a few jobs can keep the API from answering", limit),
			"request 1,000 from Service Quotas (aws service-quotas request-service-quota-increase --service-code lambda --quota-code L-B99A9384 --desired-value 1000), and deploy with --parameter-overrides PollWindowSeconds=0 until you have them")
	}
	return ok(check, "the account allows %d executions", limit)
}

// Templates reads templates from CloudFormation.
type Templates interface {
	GetTemplateSummary(context.Context, *cloudformation.GetTemplateSummaryInput, ...func(*cloudformation.Options)) (*cloudformation.GetTemplateSummaryOutput, error)
}

// Settings lists the parameters of a stack that differ from the defaults of its template. That
// may be intended, but an update keeps a stack's values, even those that were defaults of an
// earlier version. The values of secret parameters are not shown.
func Settings(ctx context.Context, client Templates, stack string, values map[string]string) Line {
	const check = "settings"
	summary, err := client.GetTemplateSummary(ctx, &cloudformation.GetTemplateSummaryInput{StackName: &stack})
	if err != nil {
		return fix(check, "the template of "+stack+" can't be read", "give your AWS credentials cloudformation:GetTemplateSummary").because(err)
	}
	var others []string
	for _, p := range summary.Parameters {
		name := aws.ToString(p.ParameterKey)
		value, given := values[name]
		if p.DefaultValue != nil && !aws.ToBool(p.NoEcho) && given && value != *p.DefaultValue {
			others = append(others, fmt.Sprintf("%s is %q (default %q)", name, value, *p.DefaultValue))
		}
	}
	if len(others) == 0 {
		return ok(check, "all at the template's defaults")
	}
	slices.Sort(others)
	return ok(check, "%s; an update keeps these values unless --parameter-overrides changes them", strings.Join(others, ", "))
}
