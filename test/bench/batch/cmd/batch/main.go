// Command batch measures a batch of many lines on the local stack. See package batch.
package main

import (
	"context"
	"flag"
	"os"
	"time"

	"github.com/takeup/takeup/test/bench/batch"
	"github.com/takeup/takeup/test/harness/program"
)

func main() { program.Main("batch", run) }

// run returns program.ErrFailed if a line has no video, or more than one charge.
func run(ctx context.Context) error {
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
		return err
	}
	if err := report.Write(os.Stdout); err != nil || report.Kept() {
		return err
	}
	return program.ErrFailed
}
