package doctor

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
)

// pending is the ARN of a subscription that its subscriber has not confirmed.
// https://docs.aws.amazon.com/sns/latest/api/API_ListSubscriptionsByTopic.html
const pending = "PendingConfirmation"

// Mails checks that somebody receives what is published to the stack's topic. The topic is empty if
// there is none.
func Mails(ctx context.Context, client sns.ListSubscriptionsByTopicAPIClient, topic, on string) Line {
	const check = "mails"
	if topic == "" {
		return ok(check, "none, since NotifyEmail and NotifyTopicArn are not given")
	}
	confirmed, waiting := 0, []string{}
	pages := sns.NewListSubscriptionsByTopicPaginator(client, &sns.ListSubscriptionsByTopicInput{TopicArn: &topic})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return fix(check, "it can't be read who is subscribed to "+topic, "check that the topic exists, and give your AWS credentials sns:ListSubscriptionsByTopic").because(err)
		}
		for _, s := range page.Subscriptions {
			if aws.ToString(s.SubscriptionArn) == pending {
				waiting = append(waiting, aws.ToString(s.Endpoint))
			} else {
				confirmed++
			}
		}
	}
	switch {
	case len(waiting) > 0:
		return fix(check, strings.Join(waiting, ", ")+" has not confirmed the subscription, and gets no mail",
			"open the link in the first mail from AWS Notifications, which is valid for three days; aws sns subscribe --topic-arn "+topic+" --protocol email --notification-endpoint ADDRESS sends another")
	case confirmed == 0:
		return fix(check, "nobody is subscribed to "+topic, "subscribe somebody, or deploy with NotifyEmail")
	}
	return ok(check, "%s, to %s", map[string]string{"none": "alarms alone", "all": "each ending", "attention": "what needs a person"}[on], subscribers(confirmed))
}

func subscribers(n int) string {
	if n == 1 {
		return "1 subscriber"
	}
	return fmt.Sprintf("%d subscribers", n)
}
