// Command ours copies a URL into S3 as the function store does: with its environment, its
// configuration and its timeout.
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/takeup/takeup/internal/lambdaenv/settings"
	"github.com/takeup/takeup/internal/transfer"
)

func main() {
	set, config, _ := settings.Must(os.Stderr, settings.Load[settings.Store])
	copier := transfer.New(s3.NewFromConfig(config), transfer.Config{Bucket: set.VideosBucket, MaxBytes: set.MaxVideoMiB.Bytes(), Loopback: set.LoopbackSources})
	if err := run(copier, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run takes the URL, the key and the function's timeout.
func run(copier *transfer.Copier, args []string) error {
	if len(args) != 3 {
		return fmt.Errorf("give a URL, a key and a timeout, and not %d arguments", len(args))
	}
	timeout, err := time.ParseDuration(args[2])
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	url := func(context.Context) (string, error) { return args[0], nil }
	_, err = copier.Copy(ctx, url, args[1])
	return err
}
