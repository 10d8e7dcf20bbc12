// Command prices is the Lambda function that refreshes the provider's price list, and the
// balance of the account there.
package main

import (
	"crypto/rand"
	mathrand "math/rand/v2"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/takeup/takeup/internal/balance"
	"github.com/takeup/takeup/internal/lambdaenv/secret"
	"github.com/takeup/takeup/internal/lambdaenv/settings"
	"github.com/takeup/takeup/internal/metrics"
	"github.com/takeup/takeup/internal/provider/aimlapi"
	"github.com/takeup/takeup/internal/provider/aimlapi/pricelist"
	"github.com/takeup/takeup/internal/provider/all"
	"github.com/takeup/takeup/internal/table"
)

func main() {
	set, config, log := settings.Must(os.Stdout, settings.Load[settings.Prices])
	store := table.New(dynamodb.NewFromConfig(config), set.JobsTable, rand.Text, mathrand.N[time.Duration])
	client := aimlapi.New(set.Client())
	keeper := pricelist.New(client, store, all.Models().Names(), time.Now)
	measured := balance.Measured{Store: store, Meter: metrics.Meter{Out: os.Stdout, Stack: set.Stack, Now: time.Now}}
	account := balance.New(client, secret.New(secretsmanager.NewFromConfig(config), set.KeySecret), measured, time.Now)
	lambda.Start(balance.Beside(account, log, keeper.Handler(log)))
}
