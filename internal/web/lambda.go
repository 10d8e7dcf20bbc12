package web

import (
	"context"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"

	"github.com/aws/aws-lambda-go/events"
	"github.com/awslabs/aws-lambda-go-api-proxy/httpadapter"
)

// Lambda makes a Lambda handler of an http.Handler, for the proxy integration of
// an API Gateway REST API. The request's X-Request-Id is API Gateway's own id of
// it, whatever the caller sent. A body that can't be decoded is asked of the
// handler as a path that it doesn't know, so that it is refused in the handler's
// words.
func Lambda(handler http.Handler) func(context.Context, events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
	adapter := httpadapter.New(handler)
	return func(ctx context.Context, event events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
		headers := http.Header{}
		for name, value := range event.Headers {
			headers.Set(name, value)
		}
		for name, values := range event.MultiValueHeaders {
			headers.Del(name)
			for _, value := range values {
				headers.Add(name, value)
			}
		}
		headers.Set("X-Request-Id", event.RequestContext.RequestID)
		event.MultiValueHeaders = headers
		event.Path = escaped(event.Path)
		if _, err := base64.StdEncoding.DecodeString(event.Body); event.IsBase64Encoded && err != nil {
			event.Path, event.Body, event.IsBase64Encoded = "/v2", "", false
		}
		return adapter.ProxyWithContext(ctx, event)
	}
}

// escaped makes a path one that a URL can have. Whether API Gateway hands an
// escape on as it came or decoded is not documented: one that came is left, and
// what can't stand in a path is escaped. The adapter would print a path that can't
// be parsed to the log, in the caller's words.
func escaped(path string) string {
	u, err := url.Parse(path)
	if err == nil && !strings.ContainsAny(path, "?#") && !strings.HasPrefix(path, "//") && u.Scheme == "" {
		return path
	}
	return (&url.URL{Path: path}).EscapedPath()
}
