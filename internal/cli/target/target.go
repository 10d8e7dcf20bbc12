// Package target finds the stack that a command works on: the local stack, a deployed stack by
// its name, or any stack by its API's address and token.
package target

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/spf13/cobra"

	"github.com/takeup/takeup/internal/api/client"
	"github.com/takeup/takeup/internal/cli/command"
	"github.com/takeup/takeup/internal/cli/flags"
	devstack "github.com/takeup/takeup/internal/dev/stack"
)

// StateDir is the directory in which takeup up keeps the local stack.
const StateDir = ".takeup"

// Target has the flags that select a stack: its name and the AWS credentials, or its API's
// address and token. Without flags it is the local stack.
type Target struct {
	Stack, Profile, Region string
	URL, Token             string
}

// Flags adds the flags of a command that needs the stack's AWS account.
func (t *Target) Flags(cmd *cobra.Command) {
	set := cmd.Flags()
	set.StringVar(&t.Stack, "stack", "", "the `name` of a deployed stack, found with your AWS credentials (TAKEUP_STACK)")
	set.StringVar(&t.Profile, "profile", "", "the AWS `profile`, for --stack")
	set.StringVar(&t.Region, "region", "", "the AWS `region`, for --stack")
	for _, name := range []string{"stack", "profile", "region"} {
		flags.Complete(cmd, name, nil)
	}
}

// APIFlags adds the flags of a command that needs only the stack's API.
func (t *Target) APIFlags(cmd *cobra.Command) {
	t.Flags(cmd)
	set := cmd.Flags()
	set.StringVar(&t.URL, "url", "", "the `address` of an API (TAKEUP_URL)")
	set.StringVar(&t.Token, "token", "", "the API's `token`; better set in the environment (TAKEUP_TOKEN)")
	flags.Complete(cmd, "url", nil)
	flags.Complete(cmd, "token", nil)
}

// Arguments returns the flags that select the same stack again, with a placeholder for a token.
func (t *Target) Arguments() []string {
	var words []string
	for _, flag := range []struct{ name, value string }{
		{"--stack", t.Stack}, {"--profile", t.Profile}, {"--region", t.Region}, {"--url", t.URL},
	} {
		if flag.value != "" {
			words = append(words, flag.name, flag.value)
		}
	}
	if t.Token != "" {
		words = append(words, "--token", "TOKEN")
	}
	return words
}

// Resolve sets what the flags leave to the environment.
func (t Target) Resolve(env *command.Env) (Target, error) {
	if t.Stack == "" && t.URL == "" {
		t.Stack, t.URL = env.Getenv("TAKEUP_STACK"), env.Getenv("TAKEUP_URL")
		if t.Stack != "" && t.URL != "" {
			return t, command.Usagef("TAKEUP_STACK and TAKEUP_URL are both set; unset one, or give --stack or --url")
		}
	}
	if t.URL != "" && t.Token == "" {
		t.Token = env.Getenv("TAKEUP_TOKEN")
	}
	switch {
	case t.Stack != "" && t.URL != "":
		return t, command.Usagef("give --stack or --url, not both")
	case t.URL == "" && t.Token != "":
		return t, command.Usagef("--token needs --url; for a stack by name, takeup finds the token itself")
	case t.URL != "" && t.Token == "":
		return t, command.Usagef("an address needs a token; set TAKEUP_TOKEN, or name the stack with --stack instead")
	case t.Stack == "" && (t.Profile != "" || t.Region != ""):
		return t, command.Usagef("--profile and --region are for a deployed stack; name it with --stack")
	case t.URL != "":
		return t, checkAddress(t.URL)
	}
	return t, nil
}

// checkAddress accepts https, and plain http only on loopback, since others could read the token
// in transit.
func checkAddress(address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return command.Usagef("%q is not an address; expected one such as https://ID.execute-api.REGION.amazonaws.com/takeup, the stack's output ApiUrl", address)
	}
	if ip := net.ParseIP(u.Hostname()); u.Scheme == "http" && u.Hostname() != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return command.Usagef("%q is plain http, which would expose the token; give an address with https", address)
	}
	return nil
}

// API is a client of a stack's API.
type API struct {
	*client.Client
	Address, Token string
	// Bucket is the videos bucket, or "" if only the API's address is known.
	Bucket string
	// Simulated means that the simulator makes the videos, so that nobody pays.
	Simulated bool
}

// API returns a client of the target's API.
func (t *Target) API(ctx context.Context, env *command.Env) (API, error) {
	chosen, err := t.Resolve(env)
	if err != nil {
		return API{}, err
	}
	if chosen.URL != "" {
		return NewAPI(env, strings.TrimRight(chosen.URL, "/"), chosen.Token), nil
	}
	if chosen.Stack != "" {
		stack, err := chosen.deployed(ctx)
		if err != nil {
			return API{}, err
		}
		return stack.API(ctx, env)
	}
	stack, err := LocalStack()
	if err != nil {
		return API{}, fmt.Errorf("%w; for another stack give --stack or --url", err)
	}
	return LocalAPI(env, stack), nil
}

// NewAPI returns a client of the API at an address.
func NewAPI(env *command.Env, address, token string) API {
	return API{Address: address, Token: token, Client: client.New(client.Config{
		BaseURL: address, Token: token, HTTP: env.HTTP, Sleep: env.Sleep,
	})}
}

// LocalAPI returns a client of the local stack's API.
func LocalAPI(env *command.Env, stack *devstack.Stack) API {
	access := NewAPI(env, stack.API, stack.Token)
	access.Bucket, access.Simulated = stack.Outputs["VideosBucket"], stack.Simulator != ""
	return access
}

// AWS describes the target in its AWS account, or in the local stack's emulator.
func (t *Target) AWS(ctx context.Context, env *command.Env) (Stack, error) {
	chosen, err := t.Resolve(env)
	switch {
	case err != nil:
		return Stack{}, err
	case chosen.URL != "":
		return Stack{}, command.Usagef("this needs the stack's AWS account, not only its API; unset TAKEUP_URL, and name the stack with --stack")
	case chosen.Stack != "":
		return chosen.deployed(ctx)
	}
	stack, err := LocalStack()
	if err != nil {
		return Stack{}, fmt.Errorf("%w; for a deployed stack give --stack", err)
	}
	access, err := describe(ctx, stack.Config(), devstack.StackName)
	access.Local = true
	return access, err
}

// deployed describes a stack with the AWS credentials of this machine.
func (t Target) deployed(ctx context.Context) (Stack, error) {
	var options []func(*config.LoadOptions) error
	if t.Profile != "" {
		options = append(options, config.WithSharedConfigProfile(t.Profile))
	}
	if t.Region != "" {
		options = append(options, config.WithRegion(t.Region))
	}
	loaded, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return Stack{}, fmt.Errorf("reading the AWS configuration: %w", err)
	}
	if loaded.Region == "" {
		return Stack{}, command.Usagef("the AWS region is unknown; give --region or set AWS_REGION")
	}
	return describe(ctx, loaded, t.Stack)
}

// LocalStack returns the stack that takeup up started in this directory or in one above it.
func LocalStack() (*devstack.Stack, error) {
	return devstack.Open(LocalStateDir())
}

// LocalStateDir returns the nearest state directory with a stack, from this directory upwards.
// If there is none, it returns this directory's.
func LocalStateDir() string {
	dir, err := os.Getwd()
	if err != nil {
		return StateDir
	}
	for at := dir; ; at = filepath.Dir(at) {
		if _, err := os.Stat(filepath.Join(at, StateDir, "stack.json")); err == nil {
			if at == dir {
				return StateDir
			}
			return filepath.Join(at, StateDir)
		}
		if at == filepath.Dir(at) {
			return StateDir
		}
	}
}
