package world

import (
	"context"
	"fmt"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// anySender is the policy of a queue that takes what AWS's services send.
const anySender = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":["events.amazonaws.com","s3.amazonaws.com"]},"Action":"sqs:SendMessage","Resource":"*"}]}`

// NewQueue creates a queue that takes what AWS's services send, and returns its URL and its ARN.
func NewQueue(ctx context.Context, client *sqs.Client, name string) (url, arn string, err error) {
	made, err := client.CreateQueue(ctx, &sqs.CreateQueueInput{
		QueueName: &name, Attributes: map[string]string{string(types.QueueAttributeNamePolicy): anySender},
	})
	if err != nil {
		return "", "", err
	}
	about, err := client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: made.QueueUrl, AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameQueueArn}})
	if err != nil {
		return "", "", err
	}
	return *made.QueueUrl, about.Attributes[string(types.QueueAttributeNameQueueArn)], nil
}

// Messages returns how many messages a queue has, also of those that are delayed or being handled.
func Messages(ctx context.Context, client *sqs.Client, url string) (n int, err error) {
	names := []types.QueueAttributeName{
		types.QueueAttributeNameApproximateNumberOfMessages, types.QueueAttributeNameApproximateNumberOfMessagesDelayed,
		types.QueueAttributeNameApproximateNumberOfMessagesNotVisible,
	}
	got, err := client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: &url, AttributeNames: names})
	if err != nil {
		return 0, err
	}
	for _, name := range names {
		some, err := strconv.Atoi(got.Attributes[string(name)])
		if err != nil {
			return 0, fmt.Errorf("the queue %s has %q messages", url, got.Attributes[string(name)])
		}
		n += some
	}
	return n, nil
}
