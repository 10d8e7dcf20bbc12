package verdict

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"github.com/takeup/takeup/internal/dev/stack"
	"github.com/takeup/takeup/internal/dev/template"
	"github.com/takeup/takeup/internal/dev/template/metricuse"
	"github.com/takeup/takeup/internal/metrics"
	"github.com/takeup/takeup/test/chaos/world"
)

// unmetered is the kind of a metric that an alarm or a widget uses and that nobody emitted.
const unmetered = "unmetered"

// emitted is a value that a function wrote in the embedded format.
type emitted struct {
	Name       string
	Dimensions map[string]string
}

// checkMetered: each metric of ours that an alarm or a widget uses was emitted in the run, with its
// dimensions.
func checkMetered(ctx context.Context, w *world.World, r *Result) error {
	source, err := os.ReadFile(filepath.Join(w.Options.Root, "template.yaml"))
	if err != nil {
		return err
	}
	parsed, err := template.Parse(source)
	if err != nil {
		return err
	}
	uses, err := metricuse.Of(parsed)
	if err != nil {
		return err
	}
	var seen []emitted
	err = eachLog(ctx, w, func(_, line string) { seen = append(seen, emittedBy(line)...) })
	if err != nil {
		return err
	}
	if len(seen) == 0 {
		r.add(unmetered, nil, "no function emitted anything")
	}
	for _, u := range uses {
		if u.Namespace == metrics.Namespace && !slices.ContainsFunc(seen, func(e emitted) bool { return serves(e, u) }) {
			r.add(unmetered, nil, "%s uses %s by %v, and nobody emitted it", u.Where, u.Name, u.Dimensions)
		}
	}
	return nil
}

// serves reports whether a value is one of the metric that is used.
func serves(e emitted, u metricuse.Use) bool {
	if e.Name != u.Name || len(e.Dimensions) != len(u.Dimensions) {
		return false
	}
	for name, value := range u.Dimensions {
		if value == "${AWS::StackName}" {
			value = stack.StackName
		}
		if has := e.Dimensions[name]; has == "" || value != metricuse.Any && has != value {
			return false
		}
	}
	return true
}

// emittedBy returns the values in a line of a log, as CloudWatch would take them.
func emittedBy(line string) (all []emitted) {
	var format struct {
		AWS struct {
			CloudWatchMetrics []struct {
				Namespace  string
				Dimensions [][]string
				Metrics    []struct{ Name string }
			}
		} `json:"_aws"`
	}
	var fields map[string]any
	if json.Unmarshal([]byte(line), &format) != nil || json.Unmarshal([]byte(line), &fields) != nil {
		return nil
	}
	for _, d := range format.AWS.CloudWatchMetrics {
		for _, m := range d.Metrics {
			if _, number := fields[m.Name].(float64); d.Namespace != metrics.Namespace || !number {
				continue
			}
			for _, names := range d.Dimensions {
				e := emitted{Name: m.Name, Dimensions: map[string]string{}}
				for _, name := range names {
					e.Dimensions[name] = fmt.Sprint(fields[name])
				}
				all = append(all, e)
			}
		}
	}
	return all
}

// eachLog calls f for each line of the functions' logs.
func eachLog(ctx context.Context, w *world.World, f func(function, line string)) error {
	for function, name := range w.Functions {
		config, err := w.Lambda.GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: &name})
		if err != nil {
			return fmt.Errorf("finding the logs of %s: %w", function, err)
		}
		pages := cloudwatchlogs.NewFilterLogEventsPaginator(w.Logs, &cloudwatchlogs.FilterLogEventsInput{LogGroupName: config.LoggingConfig.LogGroup})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return fmt.Errorf("reading the logs of %s: %w", function, err)
			}
			for _, event := range page.Events {
				f(function, *event.Message)
			}
		}
	}
	return nil
}
