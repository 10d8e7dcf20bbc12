// Package apigateway serves an http.Handler from the events of an API Gateway REST API
// with Lambda proxy integration.
package apigateway

import (
	"context"
	"encoding/base64"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/aws/aws-lambda-go/events"
	"github.com/awslabs/aws-lambda-go-api-proxy/httpadapter"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/api/page"
	"github.com/takeup/takeup/internal/api/server"
)

// Handler makes a Lambda handler of the API. It hands on the path within the API, without
// the base path that a custom domain may have before it, and sets what the client can't
// be asked: the headers api.RequestIDHeader (API Gateway's own id of the request),
// server.ReceivedHeader, server.OwnerHeader (the principal that the authorizer gave) and
// page.PrefixHeader (what leads from the page's address to the API's root). A header of
// the client by one of these names is lost.
//
// A body that can't be decoded is handed on as a request of an unknown path, so that the
// API refuses it in its own words.
func Handler(handler http.Handler) func(context.Context, events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
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
		headers.Set(api.RequestIDHeader, event.RequestContext.RequestID)
		owner, _ := event.RequestContext.Authorizer["principalId"].(string) // none where no token is needed
		headers.Set(server.OwnerHeader, owner)
		headers.Set(server.ReceivedHeader, strconv.FormatInt(event.RequestContext.RequestTimeEpoch, 10))
		headers.Set(page.PrefixHeader, pagePrefix(event.RequestContext.Path))
		event.MultiValueHeaders = headers
		event.Path = escaped(withoutBase(event))
		if _, err := base64.StdEncoding.DecodeString(event.Body); event.IsBase64Encoded && err != nil {
			event.Path, event.Body, event.IsBase64Encoded = "/v2", "", false
		}
		return adapter.ProxyWithContext(ctx, event)
	}
}

// withoutBase gives a request's path within the API. With a custom domain the
// event's path begins with the base path of the domain's mapping, which the
// resource and its parameter "proxy" don't have. They have the path decoded, so
// that the base path is what stands before it, and the rest is left as it came.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/rest-api-mappings.html
func withoutBase(event events.APIGatewayProxyRequest) string {
	const proxy = "{proxy+}"
	own := strings.Replace(event.Resource, proxy, event.PathParameters["proxy"], 1)
	if own == "" {
		return event.Path
	}
	decoded, err := url.PathUnescape(event.Path)
	if err != nil {
		return event.Path
	}
	for _, end := range []string{own, own + "/"} {
		base, found := strings.CutSuffix(decoded, end)
		if found && strings.Trim(base, "/") == "" {
			return event.Path // a slash too many is no base path
		}
		if rest, cut := strings.CutPrefix(event.Path, base); found && cut {
			return rest
		}
	}
	if own == "/" { // a base path by itself, without a slash behind it
		return own
	}
	return event.Path
}

// pagePrefix gives what leads from the page's address to the directory of the API:
// nothing where the address ends with a slash, as it should, else its last segment
// again. Without it the page's files would be looked for one directory above.
func pagePrefix(address string) string {
	last := address[strings.LastIndex(address, "/")+1:]
	if last == "" {
		return ""
	}
	return url.PathEscape(last) + "/"
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
