// Command stack starts the local stack of the repository that it was built from, writes its
// addresses to standard output as a line of JSON, and stops it when standard input is closed.
// Package list also builds it in a copy of an earlier version.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	stack "github.com/takeup/takeup/internal/dev/stack" // rewritten for the earlier version, which has another path
)

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "stack:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) (err error) {
	o := stack.Options{Output: os.Stderr, Provider: &stack.Provider{}, Parameters: map[string]string{}}
	flag.StringVar(&o.Root, "root", "", "the repository")
	flag.StringVar(&o.StateDir, "state", "", "the state directory")
	flag.StringVar(&o.Provider.BaseURL, "provider", "", "the provider's address")
	flag.StringVar(&o.Provider.Key, "key", "", "the provider's key")
	flag.Func("parameter", "a parameter of the template, as NAME=VALUE; may be repeated", func(s string) error {
		name, value, ok := strings.Cut(s, "=")
		if !ok {
			return fmt.Errorf("%q has no =", s)
		}
		o.Parameters[name] = value
		return nil
	})
	flag.Func("env", "a variable of MiniStack's environment, as NAME=VALUE; may be repeated", func(s string) error {
		o.Env = append(o.Env, s)
		return nil
	})
	flag.Parse()
	stack, err := stack.Start(ctx, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stack.Stop(ctx)) }()
	if err := json.NewEncoder(os.Stdout).Encode(stack); err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}
