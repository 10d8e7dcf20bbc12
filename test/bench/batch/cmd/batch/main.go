// Command batch measures a batch of many lines on the local stack. See package batch.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/takeup/takeup/test/bench/batch"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	kept, err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "batch:", err)
	}
	if err != nil || !kept {
		os.Exit(1)
	}
}

// run reports whether every line has its video, charged once.
func run(ctx context.Context) (bool, error) {
	o := batch.Options{Output: os.Stderr}
	flag.IntVar(&o.Lines, "lines", 10_000, "the number of lines")
	flag.IntVar(&o.AtOnce, "at-once", 60, "how many videos are made at once")
	flag.DurationVar(&o.Job, "job", time.Second, "how long a generation takes")
	flag.BoolVar(&o.Kill, "kill", false, "kill functions at random in the middle, and run again what failed by that")
	flag.Uint64Var(&o.Seed, "seed", 1, "decides which functions are killed")
	flag.StringVar(&o.Root, "root", "..", "the repository")
	flag.StringVar(&o.StateDir, "state", "../.takeup/benchbatch", "the directory for the stack's files")
	flag.Parse()
	report, err := batch.Run(ctx, o)
	if err != nil {
		return false, err
	}
	return report.Kept(), report.Write(os.Stdout)
}
