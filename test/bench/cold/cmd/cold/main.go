// Command cold measures the cold starts of the functions. See package cold.
package main

import (
	"context"
	"flag"
	"os"

	"github.com/takeup/takeup/test/bench/cold"
	"github.com/takeup/takeup/test/harness/program"
)

func main() { program.Main("cold", run) }

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
