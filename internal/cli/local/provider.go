package local

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/takeup/takeup/internal/cli/command"
	devstack "github.com/takeup/takeup/internal/dev/stack"
	"github.com/takeup/takeup/internal/provider/aimlapi"
	"github.com/takeup/takeup/internal/video"
)

// defaultProvider is the real one.
const defaultProvider = "https://api.aimlapi.com"

// providerOptions is who makes the videos of a local stack, and whether that may cost
// money. Only run and up have it, and the key comes from the environment alone.
type providerOptions struct {
	key     string // the provider's; without one, a stand-in makes the videos
	baseURL string // another provider that speaks the same contract
	yes     bool   // go on without asking
}

// purchase is what the environment says of it.
func providerOptionsOf(env *command.Env) providerOptions {
	return providerOptions{
		key: env.Getenv("AIMLAPI_KEY"), baseURL: env.Getenv("AIMLAPI_BASE_URL"),
		yes: !slices.Contains([]string{"", "0", "false", "no"}, strings.ToLower(env.Getenv("YES"))),
	}
}

// provider gives nil where a stand-in is to be used.
func (p providerOptions) provider() (*devstack.Provider, error) {
	key, base := strings.TrimSpace(p.key), strings.TrimRight(p.baseURL, "/")
	if key == "" {
		if base != "" {
			return nil, errors.New("AIMLAPI_BASE_URL is set and AIMLAPI_KEY is not; set both, or none to use the stand-in")
		}
		return nil, nil
	}
	if strings.IndexFunc(key, func(r rune) bool { return r < 0x21 || r > 0x7e }) >= 0 {
		return nil, errors.New("AIMLAPI_KEY has characters that no key has, such as a blank; set it to the bare key")
	}
	if base == "" {
		base = defaultProvider
	}
	u, err := url.Parse(base)
	if err != nil || u.Host == "" || u.Scheme != "https" && (u.Scheme != "http" || u.Hostname() != "127.0.0.1") {
		return nil, errors.New("AIMLAPI_BASE_URL takes https://host, or http://127.0.0.1:port for a stand-in on this machine")
	}
	return &devstack.Provider{BaseURL: base, Key: key}, nil
}

// listPatience is how long the provider's price list is waited for.
const listPatience = 10 * time.Second

// confirm says what a request costs by the provider's price list, and asks. Nothing is
// paid before.
func (p providerOptions) confirm(ctx context.Context, env *command.Env, provider *devstack.Provider, request video.Request) error {
	asked, cancel := context.WithTimeout(ctx, listPatience)
	defer cancel()
	list, _, err := aimlapi.New(aimlapi.Config{BaseURL: provider.BaseURL, Now: env.Now}).Prices(asked, "")
	cost := "What the video costs is not known: the provider's price list doesn't tell."
	switch e := list.Estimate(request, 0); {
	case err != nil:
		cost = fmt.Sprintf("What the video costs is not known: %v.", err)
	case e.Exact():
		cost = fmt.Sprintf("The video costs %s by the provider's price list.", e.Least)
	case e.Most > 0:
		cost = fmt.Sprintf("The video costs from %s to %s by the provider's price list.", e.Least, e.Most)
	case e.Least > 0:
		cost = fmt.Sprintf("The video costs at least %s by the provider's price list.", e.Least)
	}
	fmt.Fprintf(env.Out, "This sends the prompt to %s, with your key. %s\n", provider.BaseURL, cost)
	return env.Confirm(p.yes, "nobody can be asked here whether to pay; set YES=1 to agree, or unset AIMLAPI_KEY to use the stand-in")
}
