package server_test

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

	"github.com/takeup/takeup/internal/api/server"
)

func TestLambda(t *testing.T) {
	proxy := func(event events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, string) {
		t.Helper()
		event.RequestContext.RequestID = "gateway-1"
		response, err := server.Lambda(newHandler(newJobs(t), links{}, io.Discard))(t.Context(), event)
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
	post := events.APIGatewayProxyRequest{HTTPMethod: "POST", Path: server.LegacyPath, MultiValueHeaders: headers, Body: boat}

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
	get := events.APIGatewayProxyRequest{HTTPMethod: "GET", Path: server.UniversalPath, MultiValueQueryStringParameters: map[string][]string{"generation_id": {"done"}}}
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
		"broken base64":      {HTTPMethod: "POST", Path: server.LegacyPath, Body: "*", IsBase64Encoded: true},
	} {
		if got, _ := proxy(event); got.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// TestLambdaBasePath: a custom domain may have a base path, which is in the event's
// path and in neither its resource nor its parameters.
func TestLambdaBasePath(t *testing.T) {
	for _, test := range []struct {
		name, resource, proxy, path, address string
		want, prefix                         string
	}{
		{"API Gateway's own address", "/{proxy+}", "videos/a", "/videos/a", "/takeup/videos/a", "/videos/a", "a/"},
		{"a domain without a base path", "/{proxy+}", "videos", "/videos", "/videos", "/videos", "videos/"},
		{"a base path", "/{proxy+}", "v2/video/generations", "/v1/v2/video/generations", "/v1/v2/video/generations", "/v2/video/generations", "generations/"},
		{"a base path of two segments", "/{proxy+}", "videos", "/team/films/videos", "/team/films/videos", "/videos", "videos/"},
		{"a base path that is a path here", "/{proxy+}", "videos/videos", "/videos/videos/videos", "/videos/videos/videos", "/videos/videos", "videos/"},
		{"an escape stays one", "/{proxy+}", "videos/a/b", "/v1/videos/a%2Fb", "/v1/videos/a%2Fb", "/videos/a%2Fb", "a%252Fb/"},
		{"a decoded path", "/{proxy+}", "videos/ä", "/v1/videos/ä", "/v1/videos/ä", "/videos/%C3%A4", "%C3%A4/"},
		{"a slash at the end", "/{proxy+}", "videos", "/v1/videos/", "/v1/videos/", "/videos/", ""},
		{"a doubled slash", "/{proxy+}", "v2/video/generations", "//v2/video/generations", "/takeup//v2/video/generations", "//v2/video/generations", "generations/"},
		{"the page's files", "/assets/{proxy+}", "1/app.js", "/v1/assets/1/app.js", "/v1/assets/1/app.js", "/assets/1/app.js", "app.js/"},
		{"the description", "/openapi.json", "", "/v1/openapi.json", "/v1/openapi.json", "/openapi.json", "openapi.json/"},
		{"the page", "/", "", "/", "/takeup/", "/", ""},
		{"the page without a slash", "/", "", "/", "/takeup", "/", "takeup/"},
		{"the page under a base path", "/", "", "/v1/", "/v1/", "/", ""},
		{"the page under a base path, without a slash", "/", "", "/v1", "/v1", "/", "v1/"},
		{"a path that can't be decoded", "/{proxy+}", "v2/%zz", "/v2/%zz", "/takeup/v2/%zz", "/v2/%25zz", "%25zz/"},
		{"an engine that names no resource", "", "", "/videos", "", "/videos", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got, prefix string
			handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				got, prefix = r.URL.EscapedPath(), r.Header.Get("X-Page-Prefix")
				w.WriteHeader(http.StatusOK)
			})
			event := events.APIGatewayProxyRequest{
				HTTPMethod: "GET", Resource: test.resource, Path: test.path, PathParameters: map[string]string{"proxy": test.proxy},
				Headers: map[string]string{"X-Page-Prefix": "evil/"}, RequestContext: events.APIGatewayProxyRequestContext{Path: test.address},
			}
			if _, err := server.Lambda(handler)(t.Context(), event); err != nil {
				t.Fatal(err)
			}
			if got != test.want || prefix != test.prefix {
				t.Errorf("got %q, prefix %q, want %q, %q", got, prefix, test.want, test.prefix)
			}
		})
	}
}

// presigner signs with a secret that no URL may show.
func presigner() *s3.PresignClient {
	return s3.NewPresignClient(s3.New(s3.Options{
		Region: "eu-west-1",
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "AKID", SecretAccessKey: "canary"}, nil
		}),
	}))
}

func TestPresigned(t *testing.T) {
	presigned := server.NewPresigned(presigner(), "videos-bucket", 15*time.Minute)
	got, err := presigned.URL(t.Context(), "job-1")
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

	download, err := presigned.DownloadURL(t.Context(), "job-1")
	if d, parseErr := url.Parse(download); err != nil || parseErr != nil || d.Query().Get("response-content-disposition") != `attachment; filename="job-1.mp4"` {
		t.Errorf("got %s, %v", download, err)
	}
	// A signature is of one method.
	head, err := presigned.HeadURL(t.Context(), "job-1")
	if h, parseErr := url.Parse(head); err != nil || parseErr != nil || h.Path != u.Path || h.Query().Get("X-Amz-SignedHeaders") != "host" ||
		h.Query().Get("response-content-type") != "video/mp4" || h.Query().Get("X-Amz-Signature") == q.Get("X-Amz-Signature") {
		t.Errorf("got %s, %v", head, err)
	}
	if origin, err := presigned.Origin(t.Context()); err != nil || origin != u.Scheme+"://"+u.Host {
		t.Errorf("origin %s, %v", origin, err)
	}

	no := errors.New("no credentials")
	refused := server.NewPresigned(refusing{no}, "b", time.Minute)
	if _, err := refused.URL(t.Context(), "a"); !errors.Is(err, no) {
		t.Errorf("got %v", err)
	}
	if _, err := refused.HeadURL(t.Context(), "a"); !errors.Is(err, no) {
		t.Errorf("got %v", err)
	}
	if _, err := refused.Origin(t.Context()); !errors.Is(err, no) {
		t.Errorf("got %v", err)
	}
}

func TestForms(t *testing.T) {
	form, err := server.NewForms(presigner(), "prompts-bucket", func() time.Time { return at }).Form(t.Context(), "uploads/file-1.txt")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(form.URL, "https://prompts-bucket.s3.") || form.Fields["key"] != "uploads/file-1.txt" || form.MaxBytes != 65536 || !form.Expires.Equal(at.Add(15*time.Minute)) {
		t.Errorf("got %+v", form)
	}
	policy, err := base64.StdEncoding.DecodeString(form.Fields["policy"])
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`["content-length-range",1,65536]`, `"bucket":"prompts-bucket"`, `"key":"uploads/file-1.txt"`} {
		if !strings.Contains(strings.ReplaceAll(string(policy), " ", ""), want) {
			t.Errorf("the policy has no %s: %s", want, policy)
		}
	}
	no := errors.New("no credentials")
	if _, err := server.NewForms(refusing{no}, "b", time.Now).Form(t.Context(), "a"); !errors.Is(err, no) {
		t.Errorf("got %v", err)
	}
}

// refusing is a presigner that can't.
type refusing struct{ err error }

func (r refusing) PresignGetObject(context.Context, *s3.GetObjectInput, ...func(*s3.PresignOptions)) (*v4.PresignedHTTPRequest, error) {
	return nil, r.err
}

func (r refusing) PresignHeadObject(context.Context, *s3.HeadObjectInput, ...func(*s3.PresignOptions)) (*v4.PresignedHTTPRequest, error) {
	return nil, r.err
}

func (r refusing) PresignPostObject(context.Context, *s3.PutObjectInput, ...func(*s3.PresignPostOptions)) (*s3.PresignedPostRequest, error) {
	return nil, r.err
}
