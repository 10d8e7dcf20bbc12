// Command webhooks measures whether a slow receiver of webhooks holds up another one. See package
// webhooks.
package main

import (
	"context"
	"flag"
	"os"
	"time"

	"github.com/takeup/takeup/test/bench/webhooks"
	"github.com/takeup/takeup/test/harness/program"
)

func main() {
	o := webhooks.Options{}
	flag.StringVar(&o.Template, "template", "../template.yaml", "the SAM template, whose limits are used")
	flag.IntVar(&o.Webhooks, "webhooks", 1000, "how many webhooks each receiver gets")
	flag.DurationVar(&o.Slow, "slow", 10*time.Second, "how long the slow receiver takes")
	flag.IntVar(&o.Runs, "runs", 3, "how often it is measured")
	flag.Parse()
	program.Main("webhooks", func(ctx context.Context) error {
		_, err := webhooks.Run(ctx, os.Stdout, o)
		return err
	})
}
