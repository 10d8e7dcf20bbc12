// Command benchcold measures the cold starts of the functions. See the package
// benchcold.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/takeup/takeup/test/benchcold"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "benchcold:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	var o benchcold.Options
	flag.IntVar(&o.Starts, "starts", 301, "how often each function is started")
	flag.StringVar(&o.Root, "root", "..", "the repository")
	flag.StringVar(&o.StateDir, "state", "../.takeup/benchcold", "where the binaries are put")
	flag.Parse()
	measures, err := benchcold.Run(ctx, o)
	if err != nil {
		return err
	}
	return benchcold.Write(os.Stdout, o.Starts, measures)
}
