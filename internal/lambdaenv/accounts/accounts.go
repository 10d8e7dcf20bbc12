// Package accounts opens the accounts at the providers, from a function's settings and the
// keys in Secrets Manager. It is a package of its own so that nothing else imports every
// provider's client.
package accounts

import (
	"time"

	"github.com/takeup/takeup/internal/lambdaenv/secret"
	"github.com/takeup/takeup/internal/lambdaenv/settings"
	"github.com/takeup/takeup/internal/provider"
	"github.com/takeup/takeup/internal/provider/aimlapi"
)

// Of returns the accounts in the settings, with the keys in their secrets. If two providers
// have a model, the first makes its videos.
func Of(set settings.Provider, secrets secret.Client, now func() time.Time) provider.Accounts {
	own := set.Client()
	own.Now = now
	return provider.Accounts{
		{Provider: aimlapi.New(own), Keys: secret.New(secrets, set.KeySecret)},
	}
}
