package e2e

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/takeup/takeup/internal/dev/stack"
	"github.com/takeup/takeup/internal/dev/template"
	"github.com/takeup/takeup/internal/metrics"
	"github.com/takeup/takeup/internal/provider/aimlapi/sim/script"
)

// testAlarms raises each alarm by a value of its metric, or else by hand, and finds it in the topic.
// The dashboard is there.
func (w *world) testAlarms(t *testing.T) {
	text, err := os.ReadFile("../../../template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := template.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	watch := cloudwatch.NewFromConfig(w.stack.Config())
	told := w.subscribed(t)
	found, err := watch.DescribeAlarms(t.Context(), &cloudwatch.DescribeAlarmsInput{})
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]string{} // by the template's names
	for _, id := range parsed.OfType("AWS::CloudWatch::Alarm") {
		i := slices.IndexFunc(found.MetricAlarms, func(a types.MetricAlarm) bool { return strings.HasPrefix(*a.AlarmName, stack.StackName+"-"+id+"-") })
		if i < 0 {
			t.Errorf("the stack has no %s", id)
			continue
		}
		alarm := found.MetricAlarms[i]
		names[id] = *alarm.AlarmName
		// MiniStack evaluates no expression, and no value makes an alarm on missing values ring.
		if parsed.Property(id, "Metrics") != nil || parsed.Property(id, "Statistic") == "SampleCount" {
			_, err = watch.SetAlarmState(t.Context(), &cloudwatch.SetAlarmStateInput{AlarmName: alarm.AlarmName, StateValue: types.StateValueAlarm, StateReason: new("by hand")})
		} else {
			err = raise(t, watch, alarm)
		}
		if err != nil {
			t.Fatalf("%s: %v", id, err)
		}
	}
	defer func() {
		if len(names) > 0 {
			t.Errorf("the topic was not told of %q", slices.Sorted(maps.Keys(names)))
		}
	}()
	await(t, "all alarms in the topic", func() bool {
		told.read(t)
		for id, name := range names {
			if message, there := told.alarms[name]; there {
				if message.State != "ALARM" || message.Description != parsed.Property(id, "AlarmDescription") {
					t.Errorf("%s told %+v", id, message)
				}
				delete(names, id)
			}
		}
		return len(names) == 0
	})
	dashboards, err := watch.ListDashboards(t.Context(), &cloudwatch.ListDashboardsInput{})
	if err != nil || len(dashboards.DashboardEntries) != 1 {
		t.Errorf("the dashboards are %+v, %v", dashboards, err)
	}
}

// raise puts a value with which an alarm is in ALARM.
func raise(t *testing.T, watch *cloudwatch.Client, alarm types.MetricAlarm) error {
	t.Helper()
	value := *alarm.Threshold
	if alarm.ComparisonOperator == types.ComparisonOperatorLessThanThreshold {
		value--
	}
	if *alarm.Namespace == metrics.Namespace {
		if _, known := metrics.Of(metrics.Name(*alarm.MetricName)); !known {
			t.Errorf("nobody emits %s", *alarm.MetricName)
		}
	}
	_, err := watch.PutMetricData(t.Context(), &cloudwatch.PutMetricDataInput{
		Namespace: alarm.Namespace, MetricData: []types.MetricDatum{{MetricName: alarm.MetricName, Dimensions: alarm.Dimensions, Value: &value}},
	})
	return err
}

// toldAlarm is what CloudWatch publishes of an alarm.
type toldAlarm struct {
	Name        string `json:"AlarmName"`
	Description string `json:"AlarmDescription"`
	State       string `json:"NewStateValue"`
}

// subscription is a queue with what the stack's topic was told.
type subscription struct {
	w      *world
	queue  string
	alarms map[string]toldAlarm // the latest, by the alarm's name
}

// subscribed subscribes a queue to the stack's topic.
func (w *world) subscribed(t *testing.T) *subscription {
	t.Helper()
	queue, err := w.sqs.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: new("alarms"), Attributes: map[string]string{
		"Policy": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"sns.amazonaws.com"},"Action":"sqs:SendMessage","Resource":"*"}]}`,
	}})
	if err != nil {
		t.Fatal(err)
	}
	attributes, err := w.sqs.GetQueueAttributes(t.Context(), &sqs.GetQueueAttributesInput{QueueUrl: queue.QueueUrl, AttributeNames: []sqstypes.QueueAttributeName{sqstypes.QueueAttributeNameQueueArn}})
	if err != nil {
		t.Fatal(err)
	}
	arn := attributes.Attributes["QueueArn"]
	if _, err := sns.NewFromConfig(w.stack.Config()).Subscribe(t.Context(), &sns.SubscribeInput{TopicArn: new(w.stack.Outputs["NotifyTopic"]), Protocol: new("sqs"), Endpoint: &arn}); err != nil {
		t.Fatal(err)
	}
	return &subscription{w: w, queue: *queue.QueueUrl, alarms: map[string]toldAlarm{}}
}

// read takes what the topic was told of alarms since.
func (s *subscription) read(t *testing.T) {
	t.Helper()
	reply, err := s.w.sqs.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: &s.queue, MaxNumberOfMessages: 10})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range reply.Messages {
		envelope := decode[struct{ Message string }](t, []byte(*m.Body))
		if strings.HasPrefix(envelope.Message, `{"AlarmName"`) {
			one := decode[toldAlarm](t, []byte(envelope.Message))
			s.alarms[one.Name] = one
		}
		if _, err := s.w.sqs.DeleteMessage(t.Context(), &sqs.DeleteMessageInput{QueueUrl: &s.queue, ReceiptHandle: m.ReceiptHandle}); err != nil {
			t.Fatal(err)
		}
	}
}

// probeWatch looks while a job is in progress, whose execution and manifest are looked for.
func (w *world) probeWatch(t *testing.T) error {
	w.submitted(t, w.fresh(), script.Fate{})
	_, err := w.invoke(t.Context(), "WatchFunction", map[string]any{})
	return err
}
