// Package lambdas runs the functions as Lambda does: each is built as SAM builds it, has the
// variables that the template gives it, and requests work from a server of Lambda's runtime API.
package lambdas

import (
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/takeup/takeup/internal/dev/stack"
	"github.com/takeup/takeup/internal/dev/template"
)

// The names of the template's resources here and in events/.
const (
	JobsTable     = "takeup-jobs"
	VideosBucket  = "takeup-videos"
	PromptsBucket = "takeup-prompts"
	KeySecret     = "arn:aws:secretsmanager:us-east-1:123456789012:secret:ProviderKey-AbCdEf"
	TokenSecret   = "arn:aws:secretsmanager:us-east-1:123456789012:secret:ApiToken-AbCdEf"
	StateMachine  = "arn:aws:states:us-east-1:123456789012:stateMachine:TextToVideo"
	BatchMachine  = "arn:aws:states:us-east-1:123456789012:stateMachine:Batch"
	UntoldQueue   = "https://sqs.us-east-1.amazonaws.com/123456789012/untold"

	WebhookSecret    = "arn:aws:secretsmanager:us-east-1:123456789012:secret:Webhook-AbCdEf"
	WebhookQueue     = "https://sqs.us-east-1.amazonaws.com/123456789012/webhooks"
	SlowWebhookQueue = "https://sqs.us-east-1.amazonaws.com/123456789012/slow-webhooks"
	UndeliveredQueue = "https://sqs.us-east-1.amazonaws.com/123456789012/undelivered-webhooks"
)

// Function is a function of the template.
type Function struct {
	Folder  string // in the repository
	Timeout time.Duration
	// Environment is what the template sets, without Lambda's own variables.
	Environment map[string]string
}

// Functions reads the template of the repository at root and returns its functions by the names
// of their folders. A parameter has its value in parameters, or its default.
func Functions(root string, parameters template.Values) (map[string]Function, error) {
	text, err := os.ReadFile(filepath.Join(root, "template.yaml"))
	if err != nil {
		return nil, err
	}
	parsed, err := template.Parse(text)
	if err != nil {
		return nil, err
	}
	values := template.Values{
		"JobsTable": JobsTable, "VideosBucket": VideosBucket, "PromptsBucket": PromptsBucket, "TextToVideo": StateMachine, "Batch": BatchMachine,
		"UntoldEvents": UntoldQueue, "Webhooks": WebhookQueue, "SlowWebhooks": SlowWebhookQueue, "UndeliveredWebhooks": UndeliveredQueue, "WebhookSecret.Id": WebhookSecret,
		"AWS::StackName":       "takeup",
		"ProviderKeySecret.Id": KeySecret, "ApiTokenSecret.Id": TokenSecret,
	}
	maps.Copy(values, parameters)
	found := map[string]Function{}
	for _, id := range parsed.Functions() {
		environment, err := parsed.Environment(id, values)
		if err != nil {
			return nil, err
		}
		found[filepath.Base(parsed.Folder(id))] = Function{
			Folder: parsed.Folder(id), Timeout: time.Duration(parsed.Timeout(id)) * time.Second, Environment: environment,
		}
	}
	return found, nil
}

// Platform returns the environment that Lambda itself gives a function, as far as the functions
// use it.
func Platform() map[string]string {
	return map[string]string{
		"AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "example",
		"AWS_LAMBDA_FUNCTION_NAME": "test",
	}
}

// Build builds the package in folder, in the module at dir, into the file binary. It uses the
// flags that sam build gets.
func Build(ctx context.Context, dir, folder, binary string) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-o", binary, "./"+folder)
	cmd.Dir, cmd.Env = dir, stack.GoEnv(os.Environ())
	if said, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("building %s: %w\n%s", folder, err, said)
	}
	return nil
}
