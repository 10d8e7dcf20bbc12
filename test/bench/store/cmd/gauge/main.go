// Command gauge measures the gauge.Pipeline that it reads as JSON from standard input, and
// writes its gauge.Usage. It is small, so that its own memory doesn't count as that of the
// measured programs: see package gauge.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	"github.com/takeup/takeup/test/bench/store/gauge"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	var p gauge.Pipeline
	if err := json.NewDecoder(os.Stdin).Decode(&p); err != nil {
		return fmt.Errorf("gauge: reading the pipeline: %w", err)
	}
	u, err := gauge.Run(context.Background(), p)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(u)
}
