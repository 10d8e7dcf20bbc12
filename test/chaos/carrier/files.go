package carrier

import (
	"context"
	"encoding/json"
	"net/url"
	"strings"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/takeup/takeup/internal/bucket/objectkey"
	"github.com/takeup/takeup/test/chaos/world"
)

// NewFiles returns the carrier of the events of prompt files. A queue becomes the target of
// the bucket's notifications, in place of the function that takes in files. Only the events of
// batches meet faults, since each other file is delivered by hand, too.
func NewFiles(ctx context.Context, w *world.World, config aws.Config) (*Carrier, error) {
	e, err := open(ctx, w, config, "file event", world.Prompts, func(event string) (string, bool) { return batchOf(w, event) })
	if err != nil {
		return nil, err
	}
	bucket := w.Stack.Outputs["PromptsBucket"]
	_, err = w.S3.PutBucketNotificationConfiguration(ctx, &s3.PutBucketNotificationConfigurationInput{
		Bucket: &bucket, NotificationConfiguration: &types.NotificationConfiguration{QueueConfigurations: []types.QueueConfiguration{
			{QueueArn: &e.arn, Events: []types.Event{"s3:ObjectCreated:*"}},
		}},
	})
	return e, err
}

// batchOf returns the name of the batch that an event of a file is about, and false if it is about
// another file.
func batchOf(w *world.World, event string) (string, bool) {
	var about events.S3Event
	if json.Unmarshal([]byte(event), &about) != nil || len(about.Records) == 0 {
		return "", false
	}
	key, err := url.QueryUnescape(about.Records[0].S3.Object.Key)
	if err != nil {
		return "", false
	}
	if id, ok := objectkey.ParseBatchUpload(key); ok {
		return w.Names.Of(id), true
	}
	name, ok := strings.CutPrefix(key, world.BatchFolder)
	name, _, _ = strings.Cut(name, ".")
	return name, ok
}
