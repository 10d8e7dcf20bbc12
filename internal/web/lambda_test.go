package web_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/takeup/takeup/internal/web"
)

func TestLambda(t *testing.T) {
	proxy := func(event events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, string) {
		t.Helper()
		event.RequestContext.RequestID = "gateway-1"
		response, err := web.Lambda(newHandler(newJobs(t), links{}, io.Discard))(t.Context(), event)
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
	post := events.APIGatewayProxyRequest{HTTPMethod: "POST", Path: web.LegacyPath, MultiValueHeaders: headers, Body: boat}

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
	get := events.APIGatewayProxyRequest{HTTPMethod: "GET", Path: web.UniversalPath, MultiValueQueryStringParameters: map[string][]string{"generation_id": {"done"}}}
	if got, id := proxy(get); got.StatusCode != http.StatusOK || id != "done" || got.IsBase64Encoded {
		t.Errorf("GET: %+v", got)
	}
	get.HTTPMethod = "HEAD"
	if got, _ := proxy(get); got.StatusCode != http.StatusOK || got.Body != "" {
		t.Errorf("HEAD: %+v", got)
	}
	for name, event := range map[string]events.APIGatewayProxyRequest{
		"a broken escape": {HTTPMethod: "GET", Path: "/v2/%zz"},
		"broken base64":   {HTTPMethod: "POST", Path: web.LegacyPath, Body: "*", IsBase64Encoded: true},
		"an empty event":  {},
	} {
		if got, _ := proxy(event); got.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestPresigned(t *testing.T) {
	client := s3.New(s3.Options{
		Region: "eu-west-1",
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "AKID", SecretAccessKey: "canary"}, nil
		}),
	})
	got, err := web.NewPresigned(s3.NewPresignClient(client), "videos-bucket", 15*time.Minute).URL(t.Context(), "job-1")
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(got)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	if u.Scheme != "https" || !strings.HasPrefix(u.Host, "videos-bucket.s3.") || u.Path != "/videos/job-1/video.mp4" {
		t.Errorf("got %s", got)
	}
	for name, want := range map[string]string{
		"X-Amz-Expires": "900", "response-content-type": "video/mp4", "response-content-disposition": `inline; filename="job-1.mp4"`,
	} {
		if q.Get(name) != want {
			t.Errorf("%s is %q, want %q", name, q.Get(name), want)
		}
	}
	// A browser sends no header that would have to be signed.
	if q.Get("X-Amz-SignedHeaders") != "host" || q.Get("X-Amz-Signature") == "" || strings.Contains(got, "canary") {
		t.Errorf("got %s", got)
	}

	no := errors.New("no credentials")
	if _, err := web.NewPresigned(refusing{no}, "b", time.Minute).URL(t.Context(), "a"); !errors.Is(err, no) {
		t.Errorf("got %v", err)
	}
}

// refusing is a presigner that can't.
type refusing struct{ err error }

func (r refusing) PresignGetObject(context.Context, *s3.GetObjectInput, ...func(*s3.PresignOptions)) (*v4.PresignedHTTPRequest, error) {
	return nil, r.err
}
