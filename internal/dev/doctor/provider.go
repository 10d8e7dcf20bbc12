package doctor

import (
	"context"
	"errors"
	"fmt"

	"github.com/takeup/takeup/internal/provider"
	"github.com/takeup/takeup/internal/video"
)

// Keys reads the stack's provider key.
type Keys interface {
	Current(ctx context.Context) (video.Key, error)
}

// Price is the approximate price of a video of the default model.
type Price struct {
	Model string
	USD   float64
}

// Provider checks that the provider at an address accepts the key, and reports how many videos
// the balance pays for.
func Provider(ctx context.Context, address string, account provider.Biller, keys Keys, price Price) []Line {
	const key, balance = "provider key", "balance"
	current, err := keys.Current(ctx)
	var empty *video.Unauthorized
	switch {
	case errors.As(err, &empty):
		return []Line{fix(key, "the secret is empty", "put the key into it, as the output ChangeProviderKey shows")}
	case err != nil:
		return []Line{fix(key, "the secret can't be read", "give your AWS credentials secretsmanager:GetSecretValue for the output ProviderKeySecret").because(err)}
	}
	usd, err := account.Balance(ctx, current)
	switch {
	case provider.IsRefusal(err, provider.RefusedKey):
		return []Line{fix(key, address+" does not accept it", "put a valid one into the secret, as the output ChangeProviderKey shows").because(err)}
	case provider.IsRefusal(err, provider.RefusedFunds):
		return []Line{ok(key, "accepted by %s", address), fix(balance, "the account is out of credits, or the key's limit is reached", "top it up, or raise the limit").because(err)}
	case err != nil:
		return []Line{fix(key, address+" does not answer whether it is accepted", "try again; if that does not help, check that the address in the parameter ProviderBaseUrl is right and can be reached from here").because(err)}
	}
	lines := []Line{ok(key, "accepted by %s", address)}
	if price.USD <= 0 {
		return append(lines, ok(balance, "%.2f USD", usd))
	}
	videos := int(usd/price.USD + 1e-9) // 0.3/0.1 must be three
	if videos < 1 {
		return append(lines, fix(balance, fmt.Sprintf("%.2f USD, which is less than a video of %s costs, about %.2f USD", usd, price.Model, price.USD), "top up the provider's account"))
	}
	return append(lines, ok(balance, "%.2f USD, about %d videos of %s", usd, videos, price.Model))
}
