package cli

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
	devstack "github.com/takeup/takeup/internal/dev/stack"
)

// stateDir is where up leaves its stack.
const stateDir = ".takeup"

// target says which stack a command works on: by its name and AWS credentials,
// by its API's address and token, or by neither, which is the local stack.
type target struct {
	stack, profile, region string
	url, token             string
}

// flags adds the flags of a command that needs the stack's AWS.
func (t *target) flags(cmd *cobra.Command) {
	set := cmd.Flags()
	set.StringVar(&t.stack, "stack", "", "the `name` of a deployed stack, found with your AWS credentials (TAKEUP_STACK)")
	set.StringVar(&t.profile, "profile", "", "the AWS `profile`, for --stack")
	set.StringVar(&t.region, "region", "", "the AWS `region`, for --stack")
	for _, name := range []string{"stack", "profile", "region"} {
		complete(cmd, name, nil)
	}
}

// apiFlags adds the flags of a command that an API is enough for.
func (t *target) apiFlags(cmd *cobra.Command) {
	t.flags(cmd)
	set := cmd.Flags()
	set.StringVar(&t.url, "url", "", "the `address` of an API (TAKEUP_URL)")
	set.StringVar(&t.token, "token", "", "the API's `token`; better given in the environment (TAKEUP_TOKEN)")
	complete(cmd, "url", nil)
	complete(cmd, "token", nil)
}

// words are the flags that lead to the same stack again. A token is never
// repeated.
func (t *target) words() []string {
	var words []string
	for _, flag := range []struct{ name, value string }{
		{"--stack", t.stack}, {"--profile", t.profile}, {"--region", t.region}, {"--url", t.url},
	} {
		if flag.value != "" {
			words = append(words, flag.name, flag.value)
		}
	}
	if t.token != "" {
		words = append(words, "--token", "TOKEN")
	}
	return words
}

// chosen gives the target with what the environment says where the flags say
// nothing.
func (t target) chosen(w *world) (target, error) {
	if t.stack == "" && t.url == "" {
		t.stack, t.url = w.getenv("TAKEUP_STACK"), w.getenv("TAKEUP_URL")
		if t.stack != "" && t.url != "" {
			return t, usagef("TAKEUP_STACK and TAKEUP_URL are both set; unset one, or give --stack or --url")
		}
	}
	if t.url != "" && t.token == "" {
		t.token = w.getenv("TAKEUP_TOKEN")
	}
	switch {
	case t.stack != "" && t.url != "":
		return t, usagef("give --stack or --url, not both")
	case t.url == "" && t.token != "":
		return t, usagef("--token goes with --url; a stack's own token is found by itself")
	case t.url != "" && t.token == "":
		return t, usagef("an address needs its token; set TAKEUP_TOKEN, or name the stack with --stack instead")
	case t.stack == "" && (t.profile != "" || t.region != ""):
		return t, usagef("--profile and --region are for a deployed stack; name it with --stack")
	case t.url != "":
		return t, checkAddress(t.url)
	}
	return t, nil
}

// checkAddress takes https, and plain http on this machine only: whoever is on the
// way could read the token.
func checkAddress(address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return usagef("%q is no address; it takes one such as https://ID.execute-api.REGION.amazonaws.com/takeup, the output ApiUrl", address)
	}
	if ip := net.ParseIP(u.Hostname()); u.Scheme == "http" && u.Hostname() != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return usagef("%q is plain http, which shows the token to everybody on the way; give an address with https", address)
	}
	return nil
}

// apiAccess is an API, and what is known of the stack behind it.
type apiAccess struct {
	*client.Client
	address, token string
	// bucket is the videos bucket; empty where only the API's address is known.
	bucket string
	// free says that the local stand-in makes the videos, and nobody pays.
	free bool
}

// api finds the stack's API.
func (t *target) api(ctx context.Context, w *world) (apiAccess, error) {
	chosen, err := t.chosen(w)
	if err != nil {
		return apiAccess{}, err
	}
	if chosen.url != "" {
		return access(w, strings.TrimRight(chosen.url, "/"), chosen.token), nil
	}
	if chosen.stack != "" {
		stack, err := chosen.deployed(ctx)
		if err != nil {
			return apiAccess{}, err
		}
		return stack.api(ctx, w)
	}
	stack, err := localStack()
	if err != nil {
		return apiAccess{}, fmt.Errorf("%w; --stack names a deployed one, and --url an API", err)
	}
	return localAPI(w, stack), nil
}

func access(w *world, address, token string) apiAccess {
	return apiAccess{address: address, token: token, Client: client.New(client.Config{
		BaseURL: address, Token: token, HTTP: w.http, Sleep: w.sleep,
	})}
}

func localAPI(w *world, stack *devstack.Stack) apiAccess {
	api := access(w, stack.API, stack.Token)
	api.bucket, api.free = stack.Outputs["VideosBucket"], stack.Simulator != ""
	return api
}

// aws finds the stack in its AWS.
func (t *target) aws(ctx context.Context, w *world) (stackAccess, error) {
	chosen, err := t.chosen(w)
	switch {
	case err != nil:
		return stackAccess{}, err
	case chosen.url != "":
		return stackAccess{}, usagef("this needs the stack's AWS, not only its API; unset TAKEUP_URL, and name the stack with --stack")
	case chosen.stack != "":
		return chosen.deployed(ctx)
	}
	stack, err := localStack()
	if err != nil {
		return stackAccess{}, fmt.Errorf("%w; --stack names a deployed one", err)
	}
	access, err := describe(ctx, stack.Config(), devstack.StackName)
	access.local = true
	return access, err
}

// deployed finds a stack with the AWS credentials of this machine.
func (t target) deployed(ctx context.Context) (stackAccess, error) {
	var options []func(*config.LoadOptions) error
	if t.profile != "" {
		options = append(options, config.WithSharedConfigProfile(t.profile))
	}
	if t.region != "" {
		options = append(options, config.WithRegion(t.region))
	}
	loaded, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return stackAccess{}, fmt.Errorf("reading the AWS configuration: %w", err)
	}
	if loaded.Region == "" {
		return stackAccess{}, usagef("no AWS region is known; give it with --region or set AWS_REGION")
	}
	return describe(ctx, loaded, t.stack)
}

// localStack finds the stack that up started in this directory or one above.
func localStack() (*devstack.Stack, error) {
	return devstack.Open(localStateDir())
}

// localStateDir is the nearest state directory upwards that has a stack; where
// there is none, this directory's.
func localStateDir() string {
	dir, err := os.Getwd()
	if err != nil {
		return stateDir
	}
	for at := dir; ; at = filepath.Dir(at) {
		if _, err := os.Stat(filepath.Join(at, stateDir, "stack.json")); err == nil {
			if at == dir {
				return stateDir
			}
			return filepath.Join(at, stateDir)
		}
		if at == filepath.Dir(at) {
			return stateDir
		}
	}
}
