// Command api is the Lambda function behind the REST API.
package main

import (
	"os"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/takeup/takeup/internal/api/apigateway"
	"github.com/takeup/takeup/internal/api/wiring"
	"github.com/takeup/takeup/internal/lambdaenv/settings"
)

func main() {
	set, config, log := settings.Must(os.Stdout, settings.Load[settings.API])
	lambda.Start(apigateway.Handler(wiring.New(set, config, log)))
}
