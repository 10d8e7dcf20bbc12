package web

import (
	"context"
	"net/http"

	"github.com/aws/aws-lambda-go/events"
	"github.com/awslabs/aws-lambda-go-api-proxy/httpadapter"
)

// Lambda makes a Lambda handler of an http.Handler, for the proxy integration of
// an API Gateway REST API. The request's X-Request-Id is API Gateway's own id of
// it, whatever the caller sent. An event that can't be a request (a path with a
// broken escape) is asked of the handler as a path that it doesn't know, so that
// it is refused in the handler's words.
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
		response, err := adapter.ProxyWithContext(ctx, event)
		if err != nil {
			event.Path, event.Body, event.IsBase64Encoded = "/", "", false
			response, err = adapter.ProxyWithContext(ctx, event)
		}
		return response, err
	}
}
