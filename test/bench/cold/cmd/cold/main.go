// Command cold measures the cold starts of the functions. See package cold.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/takeup/takeup/test/bench/cold"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "cold:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	var o cold.Options
	flag.IntVar(&o.Starts, "starts", 301, "the number of starts per function")
	flag.StringVar(&o.Root, "root", "..", "the repository")
	flag.StringVar(&o.StateDir, "state", "../.takeup/benchcold", "the directory for the binaries")
	flag.Parse()
	measures, err := cold.Run(ctx, o)
	if err != nil {
		return err
	}
	return cold.Write(os.Stdout, o.Starts, measures)
}
