// Package stream is the common part of the two programs that upload with the SDK's helpers. They
// pass a download's body to an uploader as the SDK's own examples pass a file. It is a package of
// its own since each of them links one helper alone.
package stream

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// Upload stores a body under a key.
type Upload func(ctx context.Context, client *s3.Client, bucket, key string, body io.Reader) error

// Main runs a program with the arguments URL, bucket and key.
func Main(upload Upload) {
	if err := run(context.Background(), os.Args[1:], upload); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, upload Upload) error {
	if len(args) != 3 {
		return fmt.Errorf("give a URL, a bucket and a key, and not %d arguments", len(args))
	}
	set, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, args[0], nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("the source answered %d", response.StatusCode)
	}
	return upload(ctx, s3.NewFromConfig(set), args[1], args[2], response.Body)
}
