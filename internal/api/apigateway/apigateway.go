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
	"github.com/takeup/takeup/internal/api/server/reply"
)

// Handler returns a Lambda handler that serves the API. It passes on the path within the
// API, without the base path that a custom domain may have, and sets the headers that
// are not for the client to choose: api.RequestIDHeader (API Gateway's id of the request),
// reply.ReceivedHeader, reply.OwnerHeader (the authorizer's principal) and
// page.PrefixHeader (the path from the page's address to the API's root).
//
// A request whose body can't be decoded gets an unknown path, so that the API itself
// refuses it.
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
		owner, _ := event.RequestContext.Authorizer["principalId"].(string) // empty where no token is needed
		headers.Set(reply.OwnerHeader, owner)
		headers.Set(reply.ReceivedHeader, strconv.FormatInt(event.RequestContext.RequestTimeEpoch, 10))
		headers.Set(page.PrefixHeader, pagePrefix(event.RequestContext.Path))
		event.MultiValueHeaders = headers
		event.Path = escaped(withoutBase(event))
		if _, err := base64.StdEncoding.DecodeString(event.Body); event.IsBase64Encoded && err != nil {
			event.Path, event.Body, event.IsBase64Encoded = "/v2", "", false
		}
		return adapter.ProxyWithContext(ctx, event)
	}
}

// withoutBase returns a request's path within the API. With a custom domain the event's
// path begins with the base path of the domain's mapping. The resource and its parameter
// "proxy" don't, but they have the path decoded: so they serve to find where the base
// path ends, and the rest of the event's path is returned as it came.
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
			return event.Path // an extra slash is not a base path
		}
		if rest, cut := strings.CutPrefix(event.Path, base); found && cut {
			return rest
		}
	}
	if own == "/" { // a base path alone, without a trailing slash
		return own
	}
	return event.Path
}

// pagePrefix returns the relative path from the page's address to the API's root: nothing
// if the address ends with a slash, as it should, else its last segment. Without it a
// browser would look for the page's files one directory above.
func pagePrefix(address string) string {
	last := address[strings.LastIndex(address, "/")+1:]
	if last == "" {
		return ""
	}
	return url.PathEscape(last) + "/"
}

// escaped returns a path that a URL can have. Whether API Gateway passes escapes on as
// they came or decoded is not documented, so an escape is kept, and a character that a
// path can't have is escaped. The adapter would log a path that can't be parsed, and a
// client's text doesn't belong into the log.
func escaped(path string) string {
	u, err := url.Parse(path)
	if err == nil && !strings.ContainsAny(path, "?#") && !strings.HasPrefix(path, "//") && u.Scheme == "" {
		return path
	}
	return (&url.URL{Path: path}).EscapedPath()
}
