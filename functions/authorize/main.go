// Command authorize is the Lambda function that checks the API's tokens.
package main

import (
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/takeup/takeup/internal/api/authorize"
	"github.com/takeup/takeup/internal/lambdaenv/secret"
	"github.com/takeup/takeup/internal/lambdaenv/settings"
)

// reread is the longest time until a new token works, and a revoked one stops working.
const reread = 30 * time.Second

func main() {
	set, config, log := settings.Must(os.Stdout, settings.Load[settings.Authorize])
	held := secret.New(secretsmanager.NewFromConfig(config), set.TokenSecret)
	lambda.Start(authorize.New(held, reread, time.Now, log).Handle)
}
