package apigateway_test

import (
	"net/http"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"github.com/takeup/takeup/internal/api/apigateway"
	"github.com/takeup/takeup/internal/api/page"
)

// With a custom domain, the event's path begins with the domain's base path; the event's
// resource and parameters don't have it.
func TestBasePath(t *testing.T) {
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
				got, prefix = r.URL.EscapedPath(), r.Header.Get(page.PrefixHeader)
				w.WriteHeader(http.StatusOK)
			})
			event := events.APIGatewayProxyRequest{
				HTTPMethod: "GET", Resource: test.resource, Path: test.path, PathParameters: map[string]string{"proxy": test.proxy},
				Headers: map[string]string{page.PrefixHeader: "evil/"}, RequestContext: events.APIGatewayProxyRequestContext{Path: test.address},
			}
			if _, err := apigateway.Handler(handler)(t.Context(), event); err != nil {
				t.Fatal(err)
			}
			if got != test.want || prefix != test.prefix {
				t.Errorf("got %q, prefix %q, want %q, %q", got, prefix, test.want, test.prefix)
			}
		})
	}
}
