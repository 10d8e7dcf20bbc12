package doctor

import (
	"context"
	"errors"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"
)

// topic has a page of subscriptions for each element. An ARN is the element's key.
type topic struct {
	pages []map[string]string // endpoints by ARN
	err   error
}

func (f topic) ListSubscriptionsByTopic(_ context.Context, in *sns.ListSubscriptionsByTopicInput, _ ...func(*sns.Options)) (*sns.ListSubscriptionsByTopicOutput, error) {
	if f.err != nil || *in.TopicArn != "arn:topic" {
		return nil, errors.Join(f.err, errors.New("NotFound"))
	}
	n := 0
	if in.NextToken != nil {
		n = len(*in.NextToken)
	}
	out := &sns.ListSubscriptionsByTopicOutput{}
	for arn, endpoint := range f.pages[n] {
		out.Subscriptions = append(out.Subscriptions, types.Subscription{SubscriptionArn: &arn, Endpoint: &endpoint})
	}
	if n+1 < len(f.pages) {
		out.NextToken = new("xxxxx"[:n+1])
	}
	return out, nil
}

func TestMails(t *testing.T) {
	ann, bob := map[string]string{"arn:1": "ann@example.com"}, map[string]string{"arn:2": "bob@example.com"}
	for name, test := range map[string]struct {
		topic topic
		on    string
		want  string
	}{
		"one":        {topic{pages: []map[string]string{ann}}, "attention", "ok   mails: what needs a person, to 1 subscriber"},
		"two pages":  {topic{pages: []map[string]string{ann, bob}}, "all", "ok   mails: each ending, to 2 subscribers"},
		"alarms":     {topic{pages: []map[string]string{ann}}, "none", "ok   mails: alarms alone, to 1 subscriber"},
		"nobody":     {topic{pages: []map[string]string{{}}}, "attention", "fix: mails: nobody is subscribed to arn:topic; subscribe somebody, or deploy with NotifyEmail"},
		"unreadable": {topic{err: errors.New("denied")}, "attention", "fix: mails: it can't be read who is subscribed to arn:topic; check that the topic exists, and give your AWS credentials sns:ListSubscriptionsByTopic (denied\nNotFound)"},
		"pending": {topic{pages: []map[string]string{ann, {pending: "bob@example.com"}}}, "attention",
			"fix: mails: bob@example.com has not confirmed the subscription, and gets no mail; open the link in the first mail from AWS Notifications, which is valid for three days; aws sns subscribe --topic-arn arn:topic --protocol email --notification-endpoint ADDRESS sends another"},
	} {
		if got := Mails(t.Context(), test.topic, "arn:topic", test.on).String(); got != test.want {
			t.Errorf("%s: got\n%s\nwant\n%s", name, got, test.want)
		}
	}
	if got := Mails(t.Context(), topic{}, "", "attention").String(); got != "ok   mails: none, since NotifyEmail and NotifyTopicArn are not given" {
		t.Error(got)
	}
}
