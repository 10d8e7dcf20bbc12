package server_test

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/api/apigateway"
)

func TestLambda(t *testing.T) {
	proxy := func(event events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, string) {
		t.Helper()
		event.RequestContext.RequestID = "gateway-1"
		response, err := apigateway.Handler(newHandler(newJobs(t), links{}, io.Discard))(t.Context(), event)
		if err != nil {
			t.Fatalf("%+v: %v", event, err)
		}
		var reply struct {
			ID        string `json:"id"`
			RequestID string `json:"requestId"`
		}
		if response.Body != "" {
			if err := json.Unmarshal([]byte(response.Body), &reply); err != nil {
				t.Fatalf("%s: %v", response.Body, err)
			}
		}
		if got := response.MultiValueHeaders["X-Request-Id"]; len(got) != 1 || got[0] != "gateway-1" {
			t.Errorf("request id %v, want API Gateway's own", got)
		}
		return response, reply.ID
	}
	headers := map[string][]string{"content-type": {"application/json"}, "x-request-id": {"the caller's own"}}
	post := events.APIGatewayProxyRequest{HTTPMethod: "POST", Path: api.KlingGenerationPath, MultiValueHeaders: headers, Body: boat}

	if got, id := proxy(post); got.StatusCode != http.StatusCreated || id == "" {
		t.Errorf("POST: %+v", got)
	}
	plain := post
	plain.MultiValueHeaders, plain.Headers = nil, map[string]string{"Content-Type": "application/json"}
	if got, _ := proxy(plain); got.StatusCode != http.StatusCreated {
		t.Errorf("POST with plain headers: %+v", got)
	}
	encoded := post
	encoded.Body, encoded.IsBase64Encoded = base64.StdEncoding.EncodeToString([]byte(boat)), true
	if got, _ := proxy(encoded); got.StatusCode != http.StatusCreated {
		t.Errorf("POST in base64: %+v", got)
	}
	get := events.APIGatewayProxyRequest{HTTPMethod: "GET", Path: api.GenerationsPath, MultiValueQueryStringParameters: map[string][]string{"generation_id": {"done"}}}
	if got, id := proxy(get); got.StatusCode != http.StatusOK || id != "done" || got.IsBase64Encoded {
		t.Errorf("GET: %+v", got)
	}
	get.HTTPMethod = "HEAD"
	if got, _ := proxy(get); got.StatusCode != http.StatusOK || got.Body != "" {
		t.Errorf("HEAD: %+v", got)
	}
	for name, event := range map[string]events.APIGatewayProxyRequest{
		"a broken escape":    {HTTPMethod: "GET", Path: "/v2/%zz"},
		"control characters": {HTTPMethod: "GET", Path: "/videos/a\x00\n\x7f"},
		"a decoded question": {HTTPMethod: "GET", Path: "/v2/video/generations?generation_id=done"},
		"an escaped one":     {HTTPMethod: "GET", Path: "/v2/video/generations%3Fgeneration_id=done"},
		"a fragment":         {HTTPMethod: "GET", Path: "/videos/done#"},
		"another host":       {HTTPMethod: "GET", Path: "//example.com/videos"},
		"broken base64":      {HTTPMethod: "POST", Path: api.KlingGenerationPath, Body: "*", IsBase64Encoded: true},
	} {
		if got, _ := proxy(event); got.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %+v", name, got)
		}
	}
}
