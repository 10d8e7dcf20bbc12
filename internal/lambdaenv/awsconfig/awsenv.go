// Package awsconfig makes the AWS configuration of a Lambda function from its environment.
// It replaces the SDK's config package, whose chain of profiles, single sign-on and instance
// roles is of no use in a function and makes it larger and slower to start.
package awsconfig

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// Missing is the error that names the required environment variables that are not set.
type Missing struct{ Names []string }

func (e *Missing) Error() string {
	return "the environment lacks " + strings.Join(e.Names, ", ") + "; Lambda sets them, and a local run must too"
}

// Config reads the region, credentials and endpoints through lookup, which is
// os.LookupEnv in a function. The variables are those that Lambda sets
// (https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html) and
// the SDKs' AWS_ENDPOINT_URL and AWS_ENDPOINT_URL_<SERVICE>, which a local stack
// sets. Lambda's credentials outlive its process, so they are never refreshed.
func Config(lookup func(string) (string, bool)) (aws.Config, error) {
	var missing []string
	need := func(name string) string {
		value, _ := lookup(name)
		if value == "" {
			missing = append(missing, name)
		}
		return value
	}
	credentials := aws.Credentials{
		AccessKeyID:     need("AWS_ACCESS_KEY_ID"),
		SecretAccessKey: need("AWS_SECRET_ACCESS_KEY"),
		Source:          "environment",
	}
	credentials.SessionToken, _ = lookup("AWS_SESSION_TOKEN")
	region := need("AWS_REGION")
	if len(missing) > 0 {
		return aws.Config{}, &Missing{Names: missing}
	}
	config := aws.Config{
		Region: region,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return credentials, nil
		}),
		ConfigSources: []any{endpoints{lookup}},
		// The default of the SDK's own configuration; with the zero values, S3 reads and writes
		// have no checksum.
		RequestChecksumCalculation: aws.RequestChecksumCalculationWhenSupported,
		ResponseChecksumValidation: aws.ResponseChecksumValidationWhenSupported,
	}
	// CloudTrail and access logs show it as the caller: app/<function>.
	config.AppID, _ = lookup("AWS_LAMBDA_FUNCTION_NAME")
	if url, _ := lookup("AWS_ENDPOINT_URL"); url != "" {
		config.BaseEndpoint = &url
	}
	return config, nil
}

// endpoints tells the SDK the endpoint of each service, through an interface that the SDK
// detects by its method's name.
type endpoints struct {
	lookup func(string) (string, bool)
}

// GetServiceBaseEndpoint returns the endpoint set for one service, by the SDK's ID for the
// service, such as "S3" or "Secrets Manager".
func (e endpoints) GetServiceBaseEndpoint(_ context.Context, sdkID string) (string, bool, error) {
	name := "AWS_ENDPOINT_URL_" + strings.ToUpper(strings.ReplaceAll(sdkID, " ", "_"))
	value, ok := e.lookup(name)
	return value, ok && value != "", nil
}
