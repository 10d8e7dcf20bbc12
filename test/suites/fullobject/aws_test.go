//go:build aws

package fullobject_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// start returns a client of the bucket that TAKEUP_TEST_BUCKET names, in the account and region
// of the environment. What the tests write is removed afterwards. A run costs a few cents.
func start(t *testing.T, spoil func(http.RoundTripper) http.RoundTripper) storage {
	t.Helper()
	bucket := os.Getenv("TAKEUP_TEST_BUCKET")
	if bucket == "" {
		t.Fatal("set TAKEUP_TEST_BUCKET to the name of a bucket that the tests may write to")
	}
	loaded, err := config.LoadDefaultConfig(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	loaded.HTTPClient = &http.Client{Transport: spoil(awshttp.NewBuildableClient().GetTransport())}
	client := s3.NewFromConfig(loaded, func(o *s3.Options) { o.UsePathStyle = os.Getenv("AWS_ENDPOINT_URL") != "" })
	s := storage{client: client, bucket: bucket, prefix: fmt.Sprintf("takeup-test/%d/", time.Now().UnixNano())}
	t.Cleanup(func() {
		pages := s3.NewListObjectsV2Paginator(client, &s3.ListObjectsV2Input{Bucket: &bucket, Prefix: &s.prefix})
		for pages.HasMorePages() {
			page, err := pages.NextPage(context.WithoutCancel(t.Context()))
			if err != nil {
				t.Error(err)
				return
			}
			for _, object := range page.Contents {
				s.remove(t, aws.ToString(object.Key))
			}
		}
	})
	return s
}
