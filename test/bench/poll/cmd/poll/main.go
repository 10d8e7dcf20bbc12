// Command poll simulates polling schedules. See package poll.
package main

import (
	"flag"
	"fmt"
	"os"

	"github.com/takeup/takeup/test/bench/poll"
)

func main() {
	jobs := flag.Int("jobs", 20000, "how many jobs a row has")
	template := flag.String("template", "../template.yaml", "the SAM template, whose defaults and memory are simulated")
	flag.Parse()
	if *jobs < 1 {
		fmt.Fprintln(os.Stderr, "poll: give a number of jobs, at least 1")
		os.Exit(2)
	}
	t, err := poll.ReadTemplate(*template)
	if err != nil {
		fmt.Fprintln(os.Stderr, "poll:", err)
		os.Exit(1)
	}
	poll.Write(os.Stdout, t, *jobs)
}
