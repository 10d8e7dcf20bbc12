package mail

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sns"

	"github.com/takeup/takeup/internal/table/digest"
	"github.com/takeup/takeup/internal/table/dynamo"
)

// New returns the Mail of a stack to its topic.
func New(items *dynamo.Store, topic SNS, on On, stack string, log *slog.Logger) *Mail {
	return &Mail{Digests: digest.New(items), Topic: topic, On: on, Stack: stack, Now: time.Now, Log: log}
}

// SNSClient is the part of SNS's API that an SNS uses.
type SNSClient interface {
	Publish(context.Context, *sns.PublishInput, ...func(*sns.Options)) (*sns.PublishOutput, error)
}

// SNS is a topic of SNS. It implements Topic.
type SNS struct {
	Client SNSClient
	ARN    string
}

// Publish implements Topic.
func (s SNS) Publish(ctx context.Context, subject, text string) error {
	if _, err := s.Client.Publish(ctx, &sns.PublishInput{TopicArn: &s.ARN, Subject: &subject, Message: &text}); err != nil {
		return fmt.Errorf("publishing to the topic: %w", err)
	}
	return nil
}
