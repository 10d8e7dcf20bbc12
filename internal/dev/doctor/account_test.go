package doctor

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	cfntypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

// account fakes Lambda and CloudFormation.
type account struct {
	limit      *lambdatypes.AccountLimit
	parameters []cfntypes.ParameterDeclaration
	err        error
}

func (a account) GetAccountSettings(context.Context, *lambda.GetAccountSettingsInput, ...func(*lambda.Options)) (*lambda.GetAccountSettingsOutput, error) {
	return &lambda.GetAccountSettingsOutput{AccountLimit: a.limit}, a.err
}

func (a account) GetTemplateSummary(context.Context, *cloudformation.GetTemplateSummaryInput, ...func(*cloudformation.Options)) (*cloudformation.GetTemplateSummaryOutput, error) {
	return &cloudformation.GetTemplateSummaryOutput{Parameters: a.parameters}, a.err
}

func TestConcurrency(t *testing.T) {
	of := func(n int32) account { return account{limit: &lambdatypes.AccountLimit{ConcurrentExecutions: n}} }
	for _, test := range []struct {
		name       string
		given      account
		pollWindow string
		want       string
	}{
		{"enough", of(100), "240", "ok   Lambda concurrency: the account allows 100 executions"},
		{"too few", of(99), "1", "fix: Lambda concurrency: the account allows 99 executions, and each running job may occupy one"},
		{"what to do", of(10), "240", "--parameter-overrides PollWindowSeconds=0 until"},
		{"few, and no poll window", of(10), "0", "ok   Lambda concurrency: the account allows 10 executions"},
		{"no limit", account{}, "240", "fix: Lambda concurrency: AWS does not report the account's limit"},
		{"not allowed", account{err: errors.New("denied")}, "240", "give your AWS credentials lambda:GetAccountSettings (denied)"},
	} {
		if got := Concurrency(t.Context(), test.given, test.pollWindow).String(); !strings.Contains(got, test.want) {
			t.Errorf("%s: got %s", test.name, got)
		}
	}
}

func TestSettings(t *testing.T) {
	parameter := func(name, value string) cfntypes.ParameterDeclaration {
		return cfntypes.ParameterDeclaration{ParameterKey: &name, DefaultValue: &value}
	}
	secret := parameter("Secret", "none")
	secret.NoEcho = new(true)
	key := cfntypes.ParameterDeclaration{ParameterKey: new("Key")}
	given := account{parameters: []cfntypes.ParameterDeclaration{secret, key, parameter("Wait", "600"), parameter("Gap", "3"), parameter("New", "1")}}
	for _, test := range []struct {
		name   string
		given  account
		values map[string]string
		want   string
	}{
		{"defaults", given, map[string]string{"Secret": "****", "Key": "abc", "Wait": "600", "Gap": "3"}, "ok   settings: all at the template's defaults"},
		{"others", given, map[string]string{"Wait": "300", "Gap": "5"}, `ok   settings: Gap is "5" (default "3"), Wait is "300" (default "600"); an update keeps these values`},
		{"not allowed", account{err: errors.New("denied")}, nil, "fix: settings: the template of takeup can't be read; give your AWS credentials cloudformation:GetTemplateSummary (denied)"},
	} {
		if got := Settings(t.Context(), test.given, "takeup", test.values).String(); !strings.Contains(got, test.want) {
			t.Errorf("%s: got %s", test.name, got)
		}
	}
}
