package awsconfig_test

import (
	"context"
	"errors"
	"reflect"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/takeup/takeup/internal/lambdaenv/awsconfig"
)

func lookup(env map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) { value, ok := env[name]; return value, ok }
}

func TestConfigNamesAllThatIsMissing(t *testing.T) {
	_, err := awsconfig.Config(lookup(map[string]string{"AWS_REGION": "eu-west-1"}))
	var missing *awsconfig.Missing
	if !errors.As(err, &missing) {
		t.Fatalf("got %v, want *Missing", err)
	}
	if want := []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}; !reflect.DeepEqual(missing.Names, want) {
		t.Errorf("missing %v, want %v", missing.Names, want)
	}
}

func TestConfigCarriesCredentialsAndRegion(t *testing.T) {
	config, err := awsconfig.Config(lookup(map[string]string{
		"AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_SESSION_TOKEN": "token",
		"AWS_LAMBDA_FUNCTION_NAME": "takeup-submit",
	}))
	if err != nil {
		t.Fatal(err)
	}
	got, err := config.Credentials.Retrieve(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if config.AppID != "takeup-submit" {
		t.Errorf("calls are made as app %q", config.AppID)
	}
	if options := s3.NewFromConfig(config).Options(); options.RequestChecksumCalculation != aws.RequestChecksumCalculationWhenSupported || options.ResponseChecksumValidation != aws.ResponseChecksumValidationWhenSupported {
		t.Error("S3 writes and reads have no checksum")
	}
	if config.Region != "eu-west-1" || got.AccessKeyID != "id" || got.SecretAccessKey != "secret" || got.SessionToken != "token" {
		t.Errorf("got region %q and credentials of %q", config.Region, got.AccessKeyID)
	}
}

// The SDK also reads the process's environment to see which variables are set, so the test
// sets them for real.
func TestServicesTakeTheirEndpoints(t *testing.T) {
	const general, own = "http://127.0.0.1:4566", "http://127.0.0.1:4999"
	for _, test := range []struct {
		name                string
		env                 map[string]string
		wantS3, wantSecrets string
	}{
		{"none", nil, "", ""},
		{"general", map[string]string{"AWS_ENDPOINT_URL": general}, general, general},
		{"one service", map[string]string{"AWS_ENDPOINT_URL_S3": own}, own, ""},
		{"both", map[string]string{"AWS_ENDPOINT_URL": general, "AWS_ENDPOINT_URL_S3": own}, own, general},
		{"a name with a space", map[string]string{"AWS_ENDPOINT_URL_SECRETS_MANAGER": own}, "", own},
	} {
		t.Run(test.name, func(t *testing.T) {
			env := map[string]string{"AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "secret"}
			for name, value := range test.env {
				env[name] = value
				t.Setenv(name, value)
			}
			config, err := awsconfig.Config(lookup(env))
			if err != nil {
				t.Fatal(err)
			}
			var gotS3, gotSecrets string
			if e := s3.NewFromConfig(config).Options().BaseEndpoint; e != nil {
				gotS3 = *e
			}
			if e := secretsmanager.NewFromConfig(config).Options().BaseEndpoint; e != nil {
				gotSecrets = *e
			}
			if gotS3 != test.wantS3 || gotSecrets != test.wantSecrets {
				t.Errorf("got S3 %q and Secrets Manager %q, want %q and %q", gotS3, gotSecrets, test.wantS3, test.wantSecrets)
			}
		})
	}
}
