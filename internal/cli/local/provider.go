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

// defaultProvider is the base URL of the provider.
const defaultProvider = "https://api.aimlapi.com"

// providerOptions select the provider of a local stack, and confirm the spending. Only run and
// up have them, and the key comes only from the environment.
type providerOptions struct {
	key     string // of the provider; without a key, the simulator makes the videos
	baseURL string // of another provider with the same API
	yes     bool   // confirmed in advance
}

// providerOptionsOf reads the options from the environment.
func providerOptionsOf(env *command.Env) providerOptions {
	return providerOptions{
		key: env.Getenv("AIMLAPI_KEY"), baseURL: env.Getenv("AIMLAPI_BASE_URL"),
		yes: !slices.Contains([]string{"", "0", "false", "no"}, strings.ToLower(env.Getenv("YES"))),
	}
}

// provider validates the options. It returns nil for the simulator.
func (p providerOptions) provider() (*devstack.Provider, error) {
	key, base := strings.TrimSpace(p.key), strings.TrimRight(p.baseURL, "/")
	if key == "" {
		if base != "" {
			return nil, errors.New("AIMLAPI_BASE_URL is set and AIMLAPI_KEY is not; set both, or neither to use the simulator")
		}
		return nil, nil
	}
	if strings.IndexFunc(key, func(r rune) bool { return r < 0x21 || r > 0x7e }) >= 0 {
		return nil, errors.New("AIMLAPI_KEY has characters that a key can't have, such as a space; set it to the bare key")
	}
	if base == "" {
		base = defaultProvider
	}
	u, err := url.Parse(base)
	if err != nil || u.Host == "" || u.Scheme != "https" && (u.Scheme != "http" || u.Hostname() != "127.0.0.1") {
		return nil, errors.New("AIMLAPI_BASE_URL must be https://host, or http://127.0.0.1:port for a simulator on this machine")
	}
	return &devstack.Provider{BaseURL: base, Key: key}, nil
}

// listTimeout is the timeout for the provider's price list.
const listTimeout = 10 * time.Second

// confirm prints the price of a request by the provider's price list, and asks whether to
// continue. Nothing is paid before that.
func (p providerOptions) confirm(ctx context.Context, env *command.Env, provider *devstack.Provider, request video.Request) error {
	asked, cancel := context.WithTimeout(ctx, listTimeout)
	defer cancel()
	list, _, err := aimlapi.New(aimlapi.Config{BaseURL: provider.BaseURL, Now: env.Now}).Prices(asked, "")
	cost := "The price of the video is unknown: the provider's price list doesn't have it."
	switch e := list.Estimate(request, 0); {
	case err != nil:
		cost = fmt.Sprintf("The price of the video is unknown: %v.", err)
	case e.Exact():
		cost = fmt.Sprintf("The video costs %s by the provider's price list.", e.Least)
	case e.Most > 0:
		cost = fmt.Sprintf("The video costs from %s to %s by the provider's price list.", e.Least, e.Most)
	case e.Least > 0:
		cost = fmt.Sprintf("The video costs at least %s by the provider's price list.", e.Least)
	}
	fmt.Fprintf(env.Out, "This sends the prompt to %s with your key. %s\n", provider.BaseURL, cost)
	return env.Confirm(p.yes, "there is no terminal to confirm the payment in; set YES=1 to confirm it, or unset AIMLAPI_KEY to use the simulator")
}
