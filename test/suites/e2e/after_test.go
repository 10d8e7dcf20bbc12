package e2e

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

// putKey changes the provider's key in the secret.
func (w *world) putKey(t *testing.T, key string) {
	t.Helper()
	secret := w.stack.Outputs["ProviderKeySecret"]
	_, err := w.secrets.PutSecretValue(t.Context(), &secretsmanager.PutSecretValueInput{SecretId: &secret, SecretString: &key})
	if err != nil {
		t.Fatal(err)
	}
}

// testLedger checks everything that was bought, whoever ordered it.
func (w *world) testLedger(t *testing.T) {
	bought := map[string]int{}
	for _, g := range w.provider.Ledger().Generations {
		if g.ClientRequestID != "" { // the sample scripts go straight to the provider, without one
			bought[jobOf(g.ClientRequestID)]++
		}
	}
	if len(bought) < 20 {
		t.Errorf("only %d jobs bought something", len(bought))
	}
	for job, n := range bought {
		if n > 1 {
			t.Errorf("job %s was bought %d times", job, n)
		}
	}
	// Every video has a manifest, and every manifest a video.
	keys := w.keys(t, "videos/")
	for _, key := range keys {
		folder := key[:strings.LastIndexByte(key, '/')+1]
		for _, name := range []string{"video.mp4", "video.json"} {
			if !slices.Contains(keys, folder+name) {
				t.Errorf("there is %s, and no %s", key, folder+name)
			}
		}
	}
}

// lines returns what a function has logged, without the lines that Lambda adds.
func (w *world) lines(t *testing.T, function string) []string {
	t.Helper()
	name := w.functions[function]
	config, err := w.lambda.GetFunctionConfiguration(t.Context(), &lambda.GetFunctionConfigurationInput{FunctionName: &name})
	if err != nil {
		t.Fatal(err)
	}
	pages := cloudwatchlogs.NewFilterLogEventsPaginator(w.logs, &cloudwatchlogs.FilterLogEventsInput{LogGroupName: config.LoggingConfig.LogGroup})
	var lines []string
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, event := range page.Events {
			line := value(event.Message)
			word, _, _ := strings.Cut(line, " ")
			if line != "" && !slices.Contains([]string{"START", "END", "REPORT"}, word) {
				lines = append(lines, line)
			}
		}
	}
	return lines
}

// testLogs checks everything that the functions logged in this run.
func (w *world) testLogs(t *testing.T) {
	secrets := slices.Concat(w.private, w.prompts, []string{"ksSign", "X-Amz-Signature"})
	for function := range w.functions {
		lines := w.lines(t, function)
		if len(lines) == 0 {
			t.Errorf("%s has logged nothing", function)
		}
		for _, line := range lines {
			var entry struct {
				Time, Level, Msg string
				AWS              any `json:"_aws"` // of a line with metrics
			}
			if err := json.Unmarshal([]byte(line), &entry); err != nil || entry.AWS == nil && (entry.Time == "" || entry.Level == "" || entry.Msg == "") {
				t.Errorf("%s: not a line of JSON (%v): %s", function, err, line)
			}
			for _, secret := range secrets {
				if strings.Contains(line, secret) || strings.Contains(line, quoted(t, secret)) {
					t.Errorf("%s logs %q: %s", function, secret, line)
				}
			}
		}
	}
}

// quoted returns a text as it appears within JSON.
func quoted(t *testing.T, text string) string {
	t.Helper()
	b, err := json.Marshal(text)
	if err != nil {
		t.Fatal(err)
	}
	return string(b[1 : len(b)-1])
}
