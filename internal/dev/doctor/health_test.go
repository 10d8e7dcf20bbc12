package doctor

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/takeup/takeup/internal/table/outbox"
	"github.com/takeup/takeup/internal/table/record"
	"github.com/takeup/takeup/internal/video"
)

var noon = time.Date(2026, 8, 21, 12, 0, 0, 0, time.UTC)

func atNoon() time.Time { return noon }

// health has what the checks of a stack's health read, or returns an error for all of it.
type health struct {
	raised   []string // alarms, by the template's names
	messages string
	waiting  []time.Duration // the ages of what is not told
	watched  record.Watched
	err      error
}

func (h health) DescribeAlarms(context.Context, *cloudwatch.DescribeAlarmsInput, ...func(*cloudwatch.Options)) (*cloudwatch.DescribeAlarmsOutput, error) {
	out := &cloudwatch.DescribeAlarmsOutput{MetricAlarms: []cwtypes.MetricAlarm{{AlarmName: new("takeup-QuietAlarm-1A"), StateValue: cwtypes.StateValueOk}}}
	for _, name := range h.raised {
		out.MetricAlarms = append(out.MetricAlarms, cwtypes.MetricAlarm{AlarmName: new("takeup-" + name + "-1A"), StateValue: cwtypes.StateValueAlarm})
	}
	return out, h.err
}

func (h health) GetQueueAttributes(context.Context, *sqs.GetQueueAttributesInput, ...func(*sqs.Options)) (*sqs.GetQueueAttributesOutput, error) {
	return &sqs.GetQueueAttributesOutput{Attributes: map[string]string{"ApproximateNumberOfMessages": h.messages}}, h.err
}

func (h health) Waiting(context.Context) (found []outbox.Found, more bool, err error) {
	for _, age := range h.waiting {
		found = append(found, outbox.Found{Item: outbox.OfJob("a", video.Ending{At: noon.Add(-age)})})
	}
	return found, false, h.err
}

func (h health) Watched(context.Context) (record.Watched, error) { return h.watched, h.err }

func TestHealth(t *testing.T) {
	denied := health{err: errors.New("denied")}
	alarms := func(h health, topic string) Line { return Alarms(t.Context(), h, "takeup", topic) }
	queue := func(h health) Line { return Queue(t.Context(), h, "untold events", "url") }
	box := func(h health) Line { return Outbox(t.Context(), h, atNoon) }
	seen := func(w record.Watched) Line { return Watch(t.Context(), health{watched: w}, "true", atNoon) }
	for _, test := range []struct {
		got  Line
		want string
	}{
		{alarms(health{}, ""), "ok   alarms: none, since NotifyEmail"},
		{alarms(health{}, "arn"), "ok   alarms: none of 1 is raised"},
		{alarms(health{raised: []string{"DayCapAlarm", "BalanceAlarm"}}, "arn"), "fix: alarms: BalanceAlarm, DayCapAlarm; docs/operations.md says"},
		{alarms(denied, "arn"), "fix: alarms: they can't be read; give your AWS credentials cloudwatch:DescribeAlarms (denied)"},
		{queue(health{messages: "0"}), "ok   untold events: no messages"},
		{queue(health{messages: "2"}), "fix: untold events: 2 messages in url; read them"},
		{queue(health{}), "fix: untold events: SQS doesn't say how many messages url has"},
		{queue(denied), "fix: untold events: url can't be read; check that it exists"},
		{box(health{}), "ok   events: all are told"},
		{box(health{waiting: []time.Duration{time.Minute, time.Second}}), "ok   events: 2 are about to be told"},
		{box(health{waiting: []time.Duration{time.Minute, time.Hour}}), "fix: events: 2 are not told, the oldest since 1h0m0s; read the errors"},
		{box(denied), "fix: events: the outbox can't be read"},
		{Watch(t.Context(), denied, "false", atNoon), "ok   watch: off, by Watch"},
		{Watch(t.Context(), denied, "true", atNoon), "fix: watch: what it saw can't be read"},
		{seen(record.Watched{}), "ok   watch: it has not looked yet"},
		{seen(record.Watched{At: noon.Add(-time.Hour)}), "ok   watch: it last looked at 2026-08-21T11:00:00Z, and found nothing"},
		{seen(record.Watched{At: noon.Add(-3 * time.Hour)}), "fix: watch: it last looked at 2026-08-21T09:00:00Z; read the errors"},
		{seen(record.Watched{At: noon, Findings: 1, Stuck: 2}), "fix: watch: at 2026-08-21T12:00:00Z it found 1 charges or jobs that don't match, and 2 jobs"},
	} {
		if got := test.got.String(); !strings.HasPrefix(got, test.want) {
			t.Errorf("got  %s\nwant %s", got, test.want)
		}
	}
}
