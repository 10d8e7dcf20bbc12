package stack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/takeup/takeup/internal/api/tokensecret"
)

// samState keeps SAM from checking its package registry for a newer version, which it does if
// its last check is a week old. The time is in the year 2100. SAM requires a fraction.
const samState = `{"telemetryEnabled": false, "lastVersionCheck": 4102444800.5}`

// prepareSAM creates the directory that samEnv(dir) names.
func prepareSAM(dir string) error {
	if err := os.MkdirAll(filepath.Join(dir, "sam"), 0o700); err != nil {
		return fmt.Errorf("preparing SAM: %w", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "sam", "metadata.json"), []byte(samState), 0o600); err != nil {
		return fmt.Errorf("preparing SAM: %w", err)
	}
	return nil
}

// deploy deploys the built template. The parameters are in a file that only its owner can read
// and that is removed afterwards. So the key among them is neither on a command line nor in a
// log.
func deploy(ctx context.Context, g *reaper, o Options, endpoint string, parameters map[string]string) (err error) {
	sam, err := tool(o.Root, "sam")
	if err != nil {
		return err
	}
	file := filepath.Join(o.StateDir, "parameters.yaml")
	content, err := parametersFile(parameters)
	if err != nil {
		return err
	}
	if err := os.WriteFile(file, content, 0o600); err != nil {
		return fmt.Errorf("writing the template's parameters: %w", err)
	}
	defer func() { err = errors.Join(err, os.Remove(file)) }()
	if err := prepareSAM(o.StateDir); err != nil {
		return err
	}
	env := append(append(baseEnv(os.Environ()), samEnv(o.StateDir)...), awsEnv(endpoint)...)
	return command(ctx, g, "sam deploy", o.Root, logFile(o.StateDir, "deploy"), env,
		sam, "deploy", "--template-file", filepath.Join(o.BuildDir, "template.yaml"),
		"--config-file", filepath.Join(o.Root, "tools", "samconfig.toml"), "--stack-name", StackName, "--region", Region,
		"--no-confirm-changeset", "--no-progressbar", "--parameter-overrides", "file://"+file)
}

// parametersFile formats parameters for SAM, as JSON, which is also YAML. Every value is quoted
// once more, since SAM removes a pair of quotes around a value, and backslashes before spaces
// and quotes in it.
func parametersFile(parameters map[string]string) ([]byte, error) {
	quoted := make(map[string]string, len(parameters))
	escape := strings.NewReplacer(`"`, `\"`, `'`, `\'`, ` `, `\ `)
	for name, value := range parameters {
		quoted[name] = `"` + escape.Replace(value) + `"`
	}
	return json.Marshal(quoted)
}

// outputs reads the deployed stack's outputs.
func outputs(ctx context.Context, config aws.Config) (map[string]string, error) {
	reply, err := cloudformation.NewFromConfig(config).DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: aws.String(StackName)})
	if err != nil {
		return nil, fmt.Errorf("reading the stack's outputs: %w", err)
	}
	found := map[string]string{}
	for _, stack := range reply.Stacks {
		for _, output := range stack.Outputs {
			found[aws.ToString(output.OutputKey)] = aws.ToString(output.OutputValue)
		}
	}
	for _, name := range []string{"ApiId", "ApiStage", "ApiTokenSecret", "VideosBucket"} {
		if found[name] == "" {
			return nil, fmt.Errorf("the deployed template has no output %s; see template.yaml", name)
		}
	}
	return found, nil
}

// token reads the API's default token.
func token(ctx context.Context, config aws.Config, secret string) (string, error) {
	all, err := tokensecret.New(secretsmanager.NewFromConfig(config), secret).Read(ctx)
	if err != nil {
		return "", err
	}
	return all.Default()
}
