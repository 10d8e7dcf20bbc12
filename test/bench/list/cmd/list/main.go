// Command list measures listing and showing jobs. See package list.
package main

import (
	"context"
	"flag"
	"os"
	"time"

	"github.com/takeup/takeup/test/bench/list"
	"github.com/takeup/takeup/test/harness/program"
)

func main() { program.Main("list", run) }

func run(ctx context.Context) error {
	o := list.Options{Progress: os.Stderr}
	flag.StringVar(&o.Root, "root", "..", "the repository")
	flag.StringVar(&o.StateDir, "state", "../.takeup/benchlist", "the directory for the stacks' files")
	flag.IntVar(&o.Jobs, "jobs", 10_000, "the number of jobs in the table")
	flag.IntVar(&o.EarlierJobs, "earlier-jobs", 1000, "the number of jobs of the earlier version; 0 omits it")
	flag.IntVar(&o.Rounds, "rounds", 100, "the number of times each request is made")
	flag.DurationVar(&o.Watch, "watch", time.Minute, "how long the page is left open")
	flag.Parse()
	report, err := list.Run(ctx, o)
	if err != nil {
		return err
	}
	return report.Write(os.Stdout)
}
