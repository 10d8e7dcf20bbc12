package verdict

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/takeup/takeup/internal/bucket/objectkey"
	"github.com/takeup/takeup/test/chaos/provider"
	"github.com/takeup/takeup/test/chaos/world"
)

// secrets returns what must not appear anywhere: the provider's keys, the API's token, what signs a
// URL of the simulator or of S3, and the URLs of webhooks.
func secrets(w *world.World) []string {
	return []string{provider.FirstKey, provider.SecondKey, w.Stack.Token, "ksSign", "X-Amz-Signature", world.HookSecret}
}

// CheckSecrets looks for the secrets in all logs of the functions, in every execution and in the
// videos bucket. It also looks for the prompts wherever they aren't needed: only an execution's
// input, the table, the manifest and the requests of a batch may contain one.
func CheckSecrets(ctx context.Context, w *world.World) error {
	for _, check := range []func(context.Context, *world.World) error{checkLogs, checkExecutions, checkObjects} {
		if err := check(ctx, w); err != nil {
			return err
		}
	}
	return nil
}

// hides reports as unexpected a place that shows one of the texts.
func hides(w *world.World, where, content string, texts ...string) {
	for _, text := range texts {
		if strings.Contains(content, text) {
			w.Unexpected("%s shows %q: %.2000s", where, text, content)
		}
	}
}

func checkLogs(ctx context.Context, w *world.World) error {
	texts := append(secrets(w), world.CanaryPrompt)
	lines := 0
	err := eachLog(ctx, w, func(function, line string) {
		lines++
		hides(w, "a log of "+function, line, texts...)
	})
	if err != nil {
		return err
	}
	if lines < len(w.Jobs) {
		w.Unexpected("the functions logged %d lines for %d jobs, which is too few to check for secrets", lines, len(w.Jobs))
	}
	return nil
}

// checkExecutions reads the histories. Until the end of the first step, they contain the
// execution's input.
func checkExecutions(ctx context.Context, w *world.World) error {
	for _, j := range w.Jobs {
		names, err := w.Executions(ctx, j)
		if err != nil {
			return err
		}
		for _, name := range names {
			if execution, err := w.Describe(ctx, name); err != nil {
				return err
			} else if execution == nil {
				continue // a batch that was stopped or cancelled did not start it
			}
			arn, entered := w.ARN(name), true
			pages := sfn.NewGetExecutionHistoryPaginator(w.StepFunctions, &sfn.GetExecutionHistoryInput{ExecutionArn: &arn})
			for pages.HasMorePages() {
				page, err := pages.NextPage(ctx)
				if err != nil {
					return fmt.Errorf("reading the history of %s: %w", name, err)
				}
				for _, event := range page.Events {
					entered = entered && event.Type != types.HistoryEventTypeTaskStateExited
					text, err := json.Marshal(event)
					if err != nil {
						return err
					}
					hides(w, "the history of "+name, string(text), secrets(w)...)
					if !entered {
						hides(w, "the history of "+name, string(text), world.CanaryPrompt)
					}
				}
			}
		}
	}
	return checkRuns(ctx, w)
}

// checkRuns reads the histories of the executions of batches, which contain no prompts.
func checkRuns(ctx context.Context, w *world.World) error {
	for _, b := range w.Batches {
		found, err := w.RunOf(ctx, b)
		if err != nil {
			return err
		}
		for ; found.Run > 0; found.Run-- {
			execution, err := w.DescribeRun(ctx, found.Execution())
			if err != nil {
				return err
			} else if execution == nil {
				continue
			}
			pages := sfn.NewGetExecutionHistoryPaginator(w.StepFunctions, &sfn.GetExecutionHistoryInput{ExecutionArn: execution.ExecutionArn})
			for pages.HasMorePages() {
				page, err := pages.NextPage(ctx)
				if err != nil {
					return fmt.Errorf("reading the history of %s: %w", found.Execution(), err)
				}
				text, err := json.Marshal(page.Events)
				if err != nil {
					return err
				}
				hides(w, "the history of "+found.Execution(), string(text), append(secrets(w), world.CanaryPrompt)...)
			}
		}
	}
	return nil
}

func checkObjects(ctx context.Context, w *world.World) error {
	bucket := w.Stack.Outputs["VideosBucket"]
	pages := s3.NewListObjectsV2Paginator(w.S3, &s3.ListObjectsV2Input{Bucket: &bucket})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, object := range page.Contents {
			key := *object.Key
			if strings.HasSuffix(key, ".mp4") {
				continue // checkFile compares it byte for byte
			}
			body, err := w.Object(ctx, key)
			if err != nil {
				return err
			}
			hides(w, key, key+string(body), secrets(w)...)
			if !strings.HasSuffix(key, "/video.json") && !strings.HasSuffix(key, "/"+objectkey.BatchRequests) {
				hides(w, key, key+string(body), world.CanaryPrompt)
			}
		}
	}
	return nil
}
