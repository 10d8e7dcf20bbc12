// Command chaos sends jobs through the deployed template while everything around it misbehaves,
// and reports which promises were broken. See package chaos.
package main

import (
	"context"
	"flag"
	"os"

	"github.com/takeup/takeup/test/chaos"
	"github.com/takeup/takeup/test/chaos/world"
	"github.com/takeup/takeup/test/harness/program"
)

func main() { program.Main("chaos", run) }

// run returns program.ErrFailed if a promise was broken.
func run(ctx context.Context) error {
	o := world.Options{InFlight: 100, Times: world.DefaultTimes(), Output: os.Stdout}
	flag.IntVar(&o.Jobs, "jobs", 1000, "how many jobs are sent")
	flag.Uint64Var(&o.Seed, "seed", 1, "the seed of the fault plan")
	flag.Float64Var(&o.Faults, "faults", 0.2, "the fraction of calls that fail")
	flag.BoolVar(&o.LogsAnswer, "logs-answer", false, "never fail the provider's logs and transactions")
	flag.BoolVar(&o.Caps, "caps", false, "set caps that most jobs reach")
	flag.IntVar(&o.Slots, "slots", 0, "how many videos are in flight at most without -caps; 0 is no cap")
	flag.DurationVar(&o.Times.Job, "job", o.Times.Job, "about how long a generation takes")
	flag.StringVar(&o.Root, "root", "..", "the repository")
	flag.StringVar(&o.StateDir, "state", "../.takeup/chaos", "where the stack's files and logs are")
	flag.Parse()
	result, err := chaos.Run(ctx, o)
	if err != nil {
		return err
	}
	if err := result.Write(o.Output); err != nil || result.Kept() {
		return err
	}
	return program.ErrFailed
}
