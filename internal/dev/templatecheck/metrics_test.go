package templatecheck

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/takeup/takeup/internal/dev/template"
)

// brokenMetrics are the ways to break what is measured, told and shown.
func brokenMetrics() []variant {
	const file = "template.yaml"
	return []variant{
		{"metrics", "an alarm on a metric that nobody emits", file, "MetricName: PaidWithoutVideo", "MetricName: PaidWithoutFilm"},
		{"metrics", "an alarm without the stack", file, "{ Name: Stack, Value: !Ref AWS::StackName }, { Name: Cap, Value: day }", "{ Name: Cap, Value: day }"},
		{"metrics", "an alarm on another stack", file, "{ Name: Stack, Value: !Ref AWS::StackName }", "{ Name: Stack, Value: takeup }"},
		{"metrics", "an alarm on a value that nobody emits", file, "{ Name: Cap, Value: day }", "{ Name: Cap, Value: week }"},
		{"metrics", "an alarm by another dimension", file, "{ Name: Cap, Value: day }", "{ Name: Limit, Value: day }"},
		{"metrics", "an expression of what nobody emits", file, "MetricName: Failed, Dimensions", "MetricName: Failures, Dimensions"},
		{"metrics", "a widget of a metric that nobody emits", file, `["Takeup", "Polls"`, `["Takeup", "Requests"`},
		{"metrics", "a widget of a value that nobody emits", file, `"Kind", "room"`, `"Kind", "space"`},
		{"metrics", "a search for what nobody emits", file, `MetricName=\"Endings\"`, `MetricName=\"Ends\"`},
		{"metrics", "a search by a dimension too few", file, `{Takeup,Stack,Outcome}`, `{Takeup,Stack}`},
		{"metrics", "a search that is not understood", file, `'Sum', 300)"`, `'Sum')"`},
		{"metrics", "a dashboard that is no JSON", file, `"widgets": [`, `"widgets": `},
		{"metrics", "a metric of AWS that is not known", file, "MetricName: ApproximateNumberOfMessagesVisible", "MetricName: NumberOfMessages"},
		{"metrics", "a metric of AWS by another dimension", file, "{ Name: QueueName, Value: !GetAtt UntoldEvents.QueueName }", "{ Name: Queue, Value: !GetAtt UntoldEvents.QueueName }"},
		{"metrics", "a queue by its URL", file, "{ Name: QueueName, Value: !GetAtt UntoldEvents.QueueName }", "{ Name: QueueName, Value: !Ref UntoldEvents }"},
		{"metrics", "a function that is none", file, `"Errors", "FunctionName", "${ApiFunction}"`, `"Errors", "FunctionName", "${Api}"`},
		{"metrics", "an API of another name", file, "{ Name: ApiName, Value: !Ref AWS::StackName }", "{ Name: ApiName, Value: !Ref Api }"},
		{"emitters", "a function that doesn't know the stack", "internal/lambdaenv/settings/settings.go", "STACK_NAME,required", "STACK,required"},
		{"shown metrics", "a metric that nobody sees", file, `["Takeup", "Polls"`, `["Takeup", "CopyRate"`},
		{"shown metrics", "a value that nobody sees", file, `"Kind", "room"`, `"Kind", "cap"`},
		{"alarms", "an alarm that nobody is told", file, "      AlarmActions: [*topic]\n", ""},
		{"alarms", "an alarm that is always on", file, "    Type: AWS::CloudWatch::Alarm\n    Condition: HasTopic\n", "    Type: AWS::CloudWatch::Alarm\n"},
		{"alarms", "an alarm without advice", file, "AlarmDescription: A job that is paid ended without its video. Run", "AlarmDescription: A job that is paid ended without its video, run"},
		{"alarms", "an alarm that leaves open what no data means", file, "      TreatMissingData: notBreaching\n", ""},
		{"alarms", "an alarm that always rings", file, "      Threshold: 1\n", "      Threshold: 0\n"},
		{"alarms", "a share above all", file, "      Threshold: 90\n", "      Threshold: 900\n"},
		{"alarms", "an alarm of another name", file, "  DayCapAlarm:\n", "  DayCap:\n"},
		{"queues", "a queue without an alarm", file, "{ Name: QueueName, Value: !GetAtt UntoldEvents.QueueName }", "{ Name: QueueName, Value: !GetAtt UnhandledPrompts.QueueName }"},
	}
}

// The share of failures is that of the values that were emitted in an hour. A few of them say
// little.
func TestFailureShare(t *testing.T) {
	p, err := ReadProject(files(t))
	if err != nil {
		t.Fatal(err)
	}
	const id = "FailureShareAlarm"
	var stats []string
	expression := ""
	for _, m := range template.List(p.Template.Property(id, "Metrics")) {
		if text, ok := template.At(m, "Expression").(string); ok {
			expression = text
			continue
		}
		stats = append(stats, template.At(m, "Id").(string)+" "+template.At(m, "MetricStat", "Stat").(string))
	}
	parts := regexp.MustCompile(`^IF\(n >= (\d+), (\d+) \* failed, 0\)$`).FindStringSubmatch(expression)
	if parts == nil || !slices.Equal(stats, []string{"failed Average", "n SampleCount"}) || p.Template.Property(id, "ComparisonOperator") != "GreaterThanOrEqualToThreshold" {
		t.Fatalf("the expression is %q of %q", expression, stats)
	}
	fewest, _ := strconv.Atoi(parts[1])
	factor, _ := strconv.ParseFloat(parts[2], 64)
	threshold := float64(p.Template.Property(id, "Threshold").(int))
	for endings, alarm := range map[string]bool{"xxx": false, "x...": true, "x....": false, "........": false, "xxxxx": true, "..x..x..": true} {
		value := 0.0
		if len(endings) >= fewest {
			value = factor * float64(strings.Count(endings, "x")) / float64(len(endings))
		}
		if value >= threshold != alarm {
			t.Errorf("%s: the value %g is an alarm: %v", endings, value, !alarm)
		}
	}
}
