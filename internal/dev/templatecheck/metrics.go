package templatecheck

import (
	"slices"
	"strings"

	"github.com/takeup/takeup/internal/dev/template"
	"github.com/takeup/takeup/internal/dev/template/metricuse"
	"github.com/takeup/takeup/internal/metrics"
)

func metricRules() []rule {
	return []rule{
		{"metrics", existingMetrics},
		{"emitters", emitters},
		{"shown metrics", shownMetrics},
		{"alarms", alarms},
		{"queues", queuesHaveAlarms},
	}
}

// ofAWS has the metrics of AWS's own that are used: their dimension, and the kind of resource that
// is its value, with the attribute that has its name.
var ofAWS = map[string]struct{ dimension, resource, attribute string }{
	"AWS/SQS ApproximateNumberOfMessagesVisible": {"QueueName", "AWS::SQS::Queue", ".QueueName"},
	"AWS/Lambda Errors":                          {"FunctionName", "AWS::Serverless::Function", ""},
	"AWS/Lambda Throttles":                       {"FunctionName", "AWS::Serverless::Function", ""},
	"AWS/ApiGateway 5XXError":                    {"ApiName", "", ""},
}

// existingMetrics: each metric that an alarm or a widget uses is one that is emitted, with exactly
// its dimensions. CloudWatch takes any name, and shows nothing.
func existingMetrics(p *Project, say report) {
	uses, err := metricuse.Of(p.Template)
	if err != nil {
		say("%v", err)
	}
	for _, u := range uses {
		if u.Namespace == metrics.Namespace {
			ownMetric(u, say)
			continue
		}
		known, ok := ofAWS[u.Namespace+" "+u.Name]
		value := u.Dimensions[known.dimension]
		resource := strings.TrimSuffix(strings.TrimSuffix(strings.TrimPrefix(value, "${"), "}"), known.attribute)
		switch {
		case !ok:
			say("%s uses %s of %s, which is not known to exist", u.Where, u.Name, u.Namespace)
		case len(u.Dimensions) != 1 || value == "":
			say("%s uses %s of %s by %v; it is by %s", u.Where, u.Name, u.Namespace, u.Dimensions, known.dimension)
		case known.resource == "": // an API is named after its stack
			if value != "${AWS::StackName}" {
				say("%s uses %s of %s, which is named ${AWS::StackName}", u.Where, u.Name, value)
			}
		case value != "${"+resource+known.attribute+"}" || !slices.Contains(p.Template.OfType(known.resource), resource):
			say("%s uses %s of %s, which is no %s", u.Where, u.Name, value, known.resource)
		}
	}
}

// ownMetric checks the use of a metric of the stack's own.
func ownMetric(u metricuse.Use, say report) {
	row, ok := metrics.Of(metrics.Name(u.Name))
	want := []string{metrics.StackDimension}
	if row.Dimension != "" {
		want = append(want, row.Dimension)
	}
	value := u.Dimensions[row.Dimension]
	switch {
	case !ok:
		say("%s uses the metric %s, which nobody emits", u.Where, u.Name)
	case len(u.Dimensions) != len(want) || u.Dimensions[metrics.StackDimension] != "${AWS::StackName}":
		say("%s uses %s by %v; it is by %q, of ${AWS::StackName}", u.Where, u.Name, u.Dimensions, want)
	case row.Dimension != "" && value != metricuse.Any && !slices.Contains(row.Values, value):
		say("%s uses %s of the %s %q, which nobody emits", u.Where, u.Name, row.Dimension, value)
	}
}

// emitters: who emits a metric knows the stack's name.
func emitters(p *Project, say report) {
	for _, m := range metrics.Table() {
		if !slices.Contains(p.Settings[m.By], "STACK_NAME") {
			say("functions/%s emits %s, and doesn't read STACK_NAME", m.By, m.Name)
		}
	}
}

// shownMetrics: each metric is paid for, so it is on the dashboard.
func shownMetrics(p *Project, say report) {
	uses, err := metricuse.Of(p.Template)
	if err != nil {
		return // another rule says it
	}
	for _, m := range metrics.Table() {
		for _, value := range append([]string{""}, m.Values...) {
			if (value == "") == (m.Dimension != "") {
				continue
			}
			if !slices.ContainsFunc(uses, func(u metricuse.Use) bool {
				return u.Name == string(m.Name) && (m.Dimension == "" || u.Dimensions[m.Dimension] == value || u.Dimensions[m.Dimension] == metricuse.Any)
			}) {
				say("%s %s is on no widget and in no alarm", m.Name, value)
			}
		}
	}
}

// alarms: each tells the topic if there is one, says what to do, and has a threshold that its
// metric can reach.
func alarms(p *Project, say report) {
	for _, id := range p.Template.OfType("AWS::CloudWatch::Alarm") {
		property := func(name string) any { return p.Template.Property(id, name) }
		if !strings.HasSuffix(id, "Alarm") {
			say("%s is an alarm, and its name doesn't end with Alarm", id)
		}
		if condition := template.At(p.Template.Section("Resources")[id], "Condition"); condition != "HasTopic" {
			say("%s depends on %v, and should be on whenever HasTopic", id, condition)
		}
		if told := template.List(property("AlarmActions")); len(told) != 1 || !slices.Contains(template.References(told), "Notifications") {
			say("%s tells %v, not the topic", id, told)
		}
		if text, _ := property("AlarmDescription").(string); !strings.HasSuffix(text, ".") || strings.Count(text, ". ") < 1 {
			say("%s has no description of a sentence on what is wrong, and one on what to do", id)
		}
		if property("TreatMissingData") == nil {
			say("%s doesn't say what no data means", id)
		}
		uses := metricuse.OfAlarm(p.Template, id)
		if len(uses) == 0 || len(uses) > 10 {
			say("%s has %d metrics, and CloudWatch takes 1 to 10", id, len(uses))
		}
		threshold, number := property("Threshold").(int)
		for _, u := range uses {
			row, own := metrics.Of(metrics.Name(u.Name))
			if own && row.Unit == metrics.Percent && (threshold < 1 || threshold > 100) || number && threshold < 1 {
				say("%s has the threshold %v, which is no figure that %s may stay below", id, property("Threshold"), u.Name)
			}
		}
	}
}

// queuesHaveAlarms: a message in a queue that nothing reads is seen by an alarm alone.
func queuesHaveAlarms(p *Project, say report) {
	uses, err := metricuse.Of(p.Template)
	if err != nil {
		return // another rule says it
	}
	for _, id := range p.Template.OfType("AWS::SQS::Queue") {
		if p.Template.Property(id, "RedrivePolicy") != nil {
			continue // a function reads it, and what it can't handle goes to another queue
		}
		if !slices.ContainsFunc(uses, func(u metricuse.Use) bool {
			return strings.HasSuffix(u.Where, "Alarm") && u.Dimensions["QueueName"] == "${"+id+".QueueName}"
		}) {
			say("%s has no alarm on its messages", id)
		}
	}
}
