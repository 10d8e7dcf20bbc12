//go:build !aws

package fullobject_test

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/takeup/takeup/test/bench/store/gateway"
)

const videos = "videos"

// run starts versitygw with a bucket.
func run(t *testing.T) *gateway.Gateway {
	t.Helper()
	programs, err := filepath.Glob("../../../.tools/bin/versitygw-*")
	if err != nil || len(programs) == 0 {
		t.Fatalf("versitygw is not installed; run make test: %v", err)
	}
	program, err := filepath.Abs(programs[0])
	if err != nil {
		t.Fatal(err)
	}
	g, err := gateway.Start(t.Context(), program, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(g.Stop)
	if err := g.Create(t.Context(), videos); err != nil {
		t.Fatal(err)
	}
	return g
}

// start returns a client of versitygw whose requests pass through spoil.
func start(t *testing.T, spoil func(http.RoundTripper) http.RoundTripper) storage {
	t.Helper()
	g := run(t)
	authority, err := os.ReadFile(g.CA)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(authority)
	client := s3.New(s3.Options{
		BaseEndpoint: &g.URL, UsePathStyle: true, Region: gateway.Region,
		Credentials:                credentials.NewStaticCredentialsProvider(gateway.AccessKey, gateway.SecretKey, ""),
		RequestChecksumCalculation: aws.RequestChecksumCalculationWhenSupported,
		HTTPClient:                 &http.Client{Transport: spoil(&http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}})},
	})
	return storage{client: client, bucket: videos}
}

// The tests with the build tag aws run here with versitygw in place of S3, so that they work
// when somebody needs them.
func TestByTheTag(t *testing.T) {
	g := run(t)
	cmd := exec.CommandContext(t.Context(), "go", "test", "-count=1", "-tags", "aws", ".")
	cmd.Env = append(os.Environ(), "TAKEUP_TEST_BUCKET="+videos, "AWS_ENDPOINT_URL="+g.URL, "SSL_CERT_FILE="+g.CA, "AWS_REGION="+gateway.Region,
		"AWS_ACCESS_KEY_ID="+gateway.AccessKey, "AWS_SECRET_ACCESS_KEY="+gateway.SecretKey,
		"AWS_CONFIG_FILE="+os.DevNull, "AWS_SHARED_CREDENTIALS_FILE="+os.DevNull)
	if said, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v:\n%s", err, said)
	}
}
