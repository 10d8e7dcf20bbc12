// Package target finds the stack that a command works on: the local one, a deployed one
// by its name, or any by the address and token of its API.
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

// StateDir is where up leaves its stack.
const StateDir = ".takeup"

// Target says which stack a command works on: by its name and AWS credentials,
// by its API's address and token, or by neither, which is the local stack.
type Target struct {
	Stack, Profile, Region string
	URL, Token             string
}

// Flags adds the flags of a command that needs the stack's AWS.
func (t *Target) Flags(cmd *cobra.Command) {
	set := cmd.Flags()
	set.StringVar(&t.Stack, "stack", "", "the `name` of a deployed stack, found with your AWS credentials (TAKEUP_STACK)")
	set.StringVar(&t.Profile, "profile", "", "the AWS `profile`, for --stack")
	set.StringVar(&t.Region, "region", "", "the AWS `region`, for --stack")
	for _, name := range []string{"stack", "profile", "region"} {
		flags.Complete(cmd, name, nil)
	}
}

// APIFlags adds the flags of a command that an API is enough for.
func (t *Target) APIFlags(cmd *cobra.Command) {
	t.Flags(cmd)
	set := cmd.Flags()
	set.StringVar(&t.URL, "url", "", "the `address` of an API (TAKEUP_URL)")
	set.StringVar(&t.Token, "token", "", "the API's `token`; better given in the environment (TAKEUP_TOKEN)")
	flags.Complete(cmd, "url", nil)
	flags.Complete(cmd, "token", nil)
}

// Arguments are the flags that lead to the same stack again. A token is never
// repeated.
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

// Resolve gives the target with what the environment says where the flags say
// nothing.
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
		return t, command.Usagef("--token goes with --url; a stack's own token is found by itself")
	case t.URL != "" && t.Token == "":
		return t, command.Usagef("an address needs its token; set TAKEUP_TOKEN, or name the stack with --stack instead")
	case t.Stack == "" && (t.Profile != "" || t.Region != ""):
		return t, command.Usagef("--profile and --region are for a deployed stack; name it with --stack")
	case t.URL != "":
		return t, checkAddress(t.URL)
	}
	return t, nil
}

// checkAddress takes https, and plain http on this machine only: whoever is on the
// way could read the token.
func checkAddress(address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return command.Usagef("%q is no address; it takes one such as https://ID.execute-api.REGION.amazonaws.com/takeup, the output ApiUrl", address)
	}
	if ip := net.ParseIP(u.Hostname()); u.Scheme == "http" && u.Hostname() != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return command.Usagef("%q is plain http, which shows the token to everybody on the way; give an address with https", address)
	}
	return nil
}

// API is an API, and what is known of the stack behind it.
type API struct {
	*client.Client
	Address, Token string
	// Bucket is the videos bucket; empty where only the API's address is known.
	Bucket string
	// Simulated says that the local stand-in makes the videos, and nobody pays.
	Simulated bool
}

// API finds the stack's API.
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
		return API{}, fmt.Errorf("%w; --stack names a deployed one, and --url an API", err)
	}
	return LocalAPI(env, stack), nil
}

func NewAPI(env *command.Env, address, token string) API {
	return API{Address: address, Token: token, Client: client.New(client.Config{
		BaseURL: address, Token: token, HTTP: env.HTTP, Sleep: env.Sleep,
	})}
}

func LocalAPI(env *command.Env, stack *devstack.Stack) API {
	api := NewAPI(env, stack.API, stack.Token)
	api.Bucket, api.Simulated = stack.Outputs["VideosBucket"], stack.Simulator != ""
	return api
}

// AWS finds the stack in its AWS.
func (t *Target) AWS(ctx context.Context, env *command.Env) (Stack, error) {
	chosen, err := t.Resolve(env)
	switch {
	case err != nil:
		return Stack{}, err
	case chosen.URL != "":
		return Stack{}, command.Usagef("this needs the stack's AWS, not only its API; unset TAKEUP_URL, and name the stack with --stack")
	case chosen.Stack != "":
		return chosen.deployed(ctx)
	}
	stack, err := LocalStack()
	if err != nil {
		return Stack{}, fmt.Errorf("%w; --stack names a deployed one", err)
	}
	access, err := describe(ctx, stack.Config(), devstack.StackName)
	access.Local = true
	return access, err
}

// deployed finds a stack with the AWS credentials of this machine.
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
		return Stack{}, command.Usagef("no AWS region is known; give it with --region or set AWS_REGION")
	}
	return describe(ctx, loaded, t.Stack)
}

// LocalStack finds the stack that up started in this directory or one above.
func LocalStack() (*devstack.Stack, error) {
	return devstack.Open(LocalStateDir())
}

// LocalStateDir is the nearest state directory upwards that has a stack; where
// there is none, this directory's.
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
