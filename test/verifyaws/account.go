package verifyaws

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sfn"

	"github.com/takeup/takeup/internal/dev/doctor"
	"github.com/takeup/takeup/internal/dev/policy"
	"github.com/takeup/takeup/internal/dev/template"
	"github.com/takeup/takeup/internal/lambdaenv/secret"
	"github.com/takeup/takeup/internal/provider"
	"github.com/takeup/takeup/internal/provider/aimlapi"
)

func accountSteps() []step {
	return []step{
		{name: "doctor", checks: "the state machine and the buckets are there", run: (*stack).looks},
		{name: "concurrency", checks: "the account runs at least 100 functions at once, or checks hold none", run: (*stack).concurrency},
		{name: "rights", checks: "IAM's simulator allows each role what the template grants it, and nothing else", run: (*stack).rights},
	}
}

// pays returns why no job that the steps start is paid for, or "" if one might be.
func (s *stack) pays(ctx context.Context) string {
	base := s.parameters["ProviderBaseUrl"]
	if at, err := url.Parse(base); err == nil && at.Hostname() == "127.0.0.1" {
		return "the provider is a simulator on this machine"
	}
	keys := secret.New(secretsmanager.NewFromConfig(s.Config), s.outputs["ProviderKeySecret"])
	key, err := keys.Current(ctx)
	if err != nil {
		return ""
	}
	_, err = aimlapi.New(aimlapi.Config{BaseURL: base}).Balance(ctx, key)
	if provider.IsRefusal(err, provider.RefusedKey) {
		return "the provider refuses the stack's key"
	}
	return ""
}

func (s *stack) looks(ctx context.Context) (string, error) {
	lines := []doctor.Line{
		doctor.Machine(ctx, sfn.NewFromConfig(s.Config), s.outputs["StateMachineArn"]),
		doctor.Bucket(ctx, "videos bucket", s.s3, s.outputs["VideosBucket"], false),
		doctor.Bucket(ctx, "prompts bucket", s.s3, s.outputs["PromptsBucket"], true),
	}
	var found []string
	for _, line := range lines {
		if !line.OK {
			return "", otherwise("%s", line)
		}
		found = append(found, line.Found)
	}
	return strings.Join(found, ", "), nil
}

func (s *stack) concurrency(ctx context.Context) (string, error) {
	settings, err := lambda.NewFromConfig(s.Config).GetAccountSettings(ctx, &lambda.GetAccountSettingsInput{})
	if err != nil {
		return "", err
	}
	n := settings.AccountLimit.ConcurrentExecutions
	if n < 100 && s.parameters["PollWindowSeconds"] != "0" {
		return "", otherwise("the account runs %d functions at once; ask Service Quotas for 1,000, or deploy with PollWindowSeconds=0", n)
	}
	return fmt.Sprintf("%d at once", n), nil
}

// rights simulates each grant on a matching resource, and for each role what it must not be
// allowed. The simulation includes a permissions boundary and the organization's policies.
func (s *stack) rights(ctx context.Context) (string, error) {
	parsed, err := template.Parse(s.Template)
	if err != nil {
		return "", err
	}
	values, err := template.FromOutputs(s.outputs)
	if err != nil {
		return "", err
	}
	functions := map[string]string{}
	for _, id := range parsed.Functions() {
		functions[id] = s.names[id]
	}
	values.AddFunctions(functions)
	policies, err := policy.FromTemplate(parsed, values)
	if err != nil {
		return "", err
	}
	account := values["AWS::AccountId"]
	client := iam.NewFromConfig(s.Config)
	simulate := func(id, action, resource string) (iamtypes.PolicyEvaluationDecisionType, error) {
		role := fmt.Sprintf("arn:%s:iam::%s:role/%s", values["AWS::Partition"], account, s.names[id+"Role"])
		reply, err := client.SimulatePrincipalPolicy(ctx, &iam.SimulatePrincipalPolicyInput{
			PolicySourceArn: &role, ActionNames: []string{action}, ResourceArns: []string{resource},
		})
		if err != nil {
			return "", fmt.Errorf("simulating %s: %w", id, err)
		}
		if len(reply.EvaluationResults) != 1 {
			return "", fmt.Errorf("simulating %s: %d results", id, len(reply.EvaluationResults))
		}
		return reply.EvaluationResults[0].EvalDecision, nil
	}
	var wrong []string
	allowed, denied := 0, 0
	granted := map[string]bool{} // by function and action
	for _, g := range policy.Grants(policies) {
		granted[g.Function+" "+g.Action] = true
		resource := g.Resource
		if resource != "*" {
			resource = strings.ReplaceAll(resource, "*", "verify-aws")
		}
		decision, err := simulate(g.Function, g.Action, resource)
		switch {
		case err != nil:
			return "", err
		case decision != iamtypes.PolicyEvaluationDecisionTypeAllowed:
			wrong = append(wrong, fmt.Sprintf("%s may not %s on %s (%s)", g.Function, g.Action, resource, decision))
		}
		allowed++
	}
	for id := range policies {
		for action, resource := range map[string]string{
			"s3:DeleteBucket": values["VideosBucket.Arn"], "s3:DeleteObject": values["VideosBucket.Arn"] + "/rejected/verify-aws.json",
			"dynamodb:DeleteItem": values["JobsTable.Arn"], "states:StopExecution": "*", "secretsmanager:PutSecretValue": values["ProviderKeySecret"],
		} {
			if granted[id+" "+action] {
				continue // on what, its condition says
			}
			decision, err := simulate(id, action, resource)
			switch {
			case err != nil:
				return "", err
			case decision == iamtypes.PolicyEvaluationDecisionTypeAllowed:
				wrong = append(wrong, fmt.Sprintf("%s may %s on %s", id, action, resource))
			}
			denied++
		}
	}
	if len(wrong) > 0 {
		return "", otherwise("%s", strings.Join(wrong, "; "))
	}
	return fmt.Sprintf("%d grants allowed, %d other actions denied", allowed, denied), nil
}
