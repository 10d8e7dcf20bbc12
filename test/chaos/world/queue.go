package world

import (
	"context"

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
