package template

import (
	"fmt"
	"strconv"
	"strings"
)

// GatewayReply is what API Gateway answers by itself, before a function is asked.
type GatewayReply struct {
	Status int
	Body   string // JSON
}

// GatewayReplies renders the API's gateway responses, by their types, such as
// UNAUTHORIZED, for a request of that id and path. MiniStack has its own in their
// place. The error is of a response that isn't whole.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html
func (t *Template) GatewayReplies(path, requestID string) (map[string]GatewayReply, error) {
	all, _ := t.property("Api", "GatewayResponses").(map[string]any)
	context := strings.NewReplacer(
		"$context.error.messageString", `"as API Gateway says it"`, "$context.path", path,
		"$context.requestId", requestID, "$context.requestTime", "21/Aug/2026:12:00:00 +0000")
	replies := map[string]GatewayReply{}
	for kind, response := range all {
		status, err := strconv.Atoi(fmt.Sprint(at(response, "StatusCode")))
		text, ok := at(response, "ResponseTemplates", "application/json").(string)
		if err != nil || !ok {
			return nil, fmt.Errorf("the gateway response %s has no status, or no body as JSON", kind)
		}
		body := context.Replace(text)
		if strings.Contains(body, "$context.") {
			return nil, fmt.Errorf("the gateway response %s uses a variable that API Gateway does not know here: %s", kind, text)
		}
		replies[kind] = GatewayReply{Status: status, Body: body}
	}
	return replies, nil
}
