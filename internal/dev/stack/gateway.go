package stack

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/takeup/takeup/internal/dev/gateway"
	"github.com/takeup/takeup/internal/dev/template"
)

// The gateway's files in the state directory: its configuration and its addresses.
const (
	gatewayConfig    = "gateway.json"
	gatewayAddresses = "gateway.addresses"
)

// startGateway starts cmd/gateway. It gets its configuration after the deployment.
func (s *Stack) startGateway(ctx context.Context, o Options) error {
	if o.Port != 0 {
		if err := free(o.Port); err != nil {
			return err
		}
	}
	addresses := filepath.Join(o.StateDir, gatewayAddresses)
	text, err := s.serve(ctx, o, gatewayName, addresses,
		"--api", net.JoinHostPort("127.0.0.1", strconv.Itoa(o.Port)),
		// Use another host than the API's, as in AWS: some clients keep their Authorization on a
		// redirect to another port of the same host.
		"--s3", "127.0.0.2:0",
		"--config", filepath.Join(o.StateDir, gatewayConfig), "--address-file", addresses)
	if err != nil {
		return err
	}
	var at struct{ API, S3 string }
	if err := json.Unmarshal(text, &at); err != nil {
		return fmt.Errorf("reading the gateway's addresses: %w", err)
	}
	s.API, s.S3URL = at.API, at.S3
	return nil
}

// configureGateway writes the gateway's configuration for a stack with these parameters.
func (s *Stack) configureGateway(o Options, parameters map[string]string) error {
	source, err := os.ReadFile(filepath.Join(o.Root, "template.yaml"))
	if err != nil {
		return fmt.Errorf("reading the gateway responses: %w", err)
	}
	parsed, err := template.Parse(source)
	if err != nil {
		return err
	}
	responses, err := parsed.GatewayResponses(parameters)
	if err != nil {
		return err
	}
	data, err := json.Marshal(gateway.Config{Stage: StageURL(s.AWS, s.Outputs), S3: s.AWS, Responses: responses})
	if err != nil {
		return fmt.Errorf("configuring the gateway: %w", err)
	}
	return writeWhole(filepath.Join(o.StateDir, gatewayConfig), data)
}

// StageURL returns the URL of the API in MiniStack, from the stack's outputs. The output ApiUrl
// is valid only in AWS.
func StageURL(endpoint string, outputs map[string]string) string {
	return fmt.Sprintf("%s/_aws/execute-api/%s/%s", endpoint, outputs["ApiId"], outputs["ApiStage"])
}

// s3Env sends the functions' S3 calls through the gateway, unless the options send them
// elsewhere. So the URLs that the functions sign point to the gateway.
func (s *Stack) s3Env(given []string) []string {
	if slices.ContainsFunc(given, func(pair string) bool { return strings.HasPrefix(pair, "AWS_ENDPOINT_URL") }) {
		return nil
	}
	return []string{"AWS_ENDPOINT_URL_S3=" + s.S3URL}
}
