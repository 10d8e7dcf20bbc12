package notify

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

// SQSClient is the part of SQS's API that an SQS uses.
type SQSClient interface {
	SendMessage(context.Context, *sqs.SendMessageInput, ...func(*sqs.Options)) (*sqs.SendMessageOutput, error)
}

// SQS is a queue. It implements Queue.
type SQS struct {
	Client SQSClient
	URL    string
}

// Send implements Queue.
func (q SQS) Send(ctx context.Context, u Untold) error {
	body, err := json.Marshal(u)
	if err != nil {
		return err
	}
	if _, err := q.Client.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: &q.URL, MessageBody: aws.String(string(body))}); err != nil {
		return errors.Join(errors.New("keeping what can't be told"), err)
	}
	return nil
}
