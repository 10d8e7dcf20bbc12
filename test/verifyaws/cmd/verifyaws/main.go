// Command verifyaws checks on a deployed stack what only AWS can show: see package verifyaws. It
// exits with 1 if AWS did something else.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/config"

	"github.com/takeup/takeup/internal/dev/stack"
	"github.com/takeup/takeup/test/verifyaws"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "verifyaws:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	name := flag.String("stack", "", "the `name` of a deployed stack; empty is the local one of make up")
	root := flag.String("root", "..", "the repository")
	with := flag.String("with", "", "the `groups` of steps that disturb the stack, with commas: "+strings.Join(verifyaws.Groups(), ", "))
	flag.Parse()
	o := verifyaws.Options{Stack: *name, LoadRequests: 3600, Output: os.Stdout}
	if *with != "" {
		o.Groups = strings.Split(*with, ",")
	}
	for _, group := range o.Groups {
		if !slices.Contains(verifyaws.Groups(), group) {
			return fmt.Errorf("there is no group %q; there are %s", group, strings.Join(verifyaws.Groups(), ", "))
		}
	}
	var err error
	if o.Template, err = os.ReadFile(*root + "/template.yaml"); err != nil {
		return err
	}
	if err := choose(ctx, &o, *root+"/.takeup"); err != nil {
		return err
	}
	results, err := verifyaws.Run(ctx, o)
	if err == nil && slices.ContainsFunc(results, func(r verifyaws.Result) bool { return r.Outcome == verifyaws.Differs }) {
		err = errors.New("AWS did something else than the steps expect; see the lines that begin with differs")
	}
	return err
}

// choose sets the stack to verify: one on this machine if none is named, else the named one in
// AWS.
func choose(ctx context.Context, o *verifyaws.Options, dir string) error {
	if o.Stack == "" {
		local, err := stack.Open(dir)
		if err != nil {
			return fmt.Errorf("%w; STACK names a deployed one", err)
		}
		o.Stack, o.Config, o.Local = stack.StackName, local.Config(), true
		o.API = stack.StageURL(local.AWS, local.Outputs)
		return nil
	}
	var err error
	if o.Config, err = config.LoadDefaultConfig(ctx); err != nil {
		return err
	}
	// The environment or a profile can set it. What answers there isn't AWS.
	if o.Config.BaseEndpoint != nil {
		return fmt.Errorf("STACK names a stack in AWS, but AWS_ENDPOINT_URL or the profile's endpoint_url sends calls to %s; unset it, or leave STACK out for the local stack", *o.Config.BaseEndpoint)
	}
	if o.Config.Region == "" {
		return errors.New("no AWS region is known; set AWS_REGION")
	}
	return nil
}
