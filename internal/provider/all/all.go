// Package all lists the providers that videos are made with. A further one is a folder
// beside this one, a line here, and its settings. The list is a package of its own so
// that nothing else imports all adapters.
package all

import (
	"time"

	"github.com/takeup/takeup/internal/lambdaenv/secret"
	"github.com/takeup/takeup/internal/lambdaenv/settings"
	"github.com/takeup/takeup/internal/provider"
	"github.com/takeup/takeup/internal/provider/aimlapi"
)

// Accounts gives the accounts of the settings, with the keys that are in their secrets.
// Where two providers have a model, the first makes its videos.
func Accounts(set settings.Provider, secrets secret.Client, now func() time.Time) provider.Accounts {
	own := set.Client()
	own.Now = now
	return provider.Accounts{
		{Provider: aimlapi.New(own), Keys: secret.New(secrets, set.KeySecret)},
	}
}
