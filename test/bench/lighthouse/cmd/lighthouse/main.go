// Command lighthouse measures the page with Lighthouse. See package lighthouse.
package main

import (
	"context"
	"flag"
	"os"

	"github.com/takeup/takeup/test/bench/lighthouse"
	"github.com/takeup/takeup/test/harness/program"
)

func main() { program.Main("lighthouse", run) }

func run(ctx context.Context) error {
	o := lighthouse.Options{Videos: []int{20, 500}, Progress: os.Stderr, Report: os.Stdout}
	flag.StringVar(&o.Root, "root", "..", "the repository")
	flag.StringVar(&o.StateDir, "state", "../.takeup/lighthouse", "the directory for the stack's files and the reports")
	flag.Parse()
	return lighthouse.Run(ctx, o)
}
