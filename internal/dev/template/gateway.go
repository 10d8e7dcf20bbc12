package template

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
)

// GatewayResponse is what API Gateway answers in place of the API, such as to a request without
// a token.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html
type GatewayResponse struct {
	Status int `json:"status"`
	// Headers are the headers besides Content-Type, which is application/json.
	Headers map[string]string `json:"headers,omitempty"`
	// Template is the body, a JSON text with variables such as $context.path.
	Template string `json:"template"`
}

// GatewayContext holds the values of the variables that a template may use.
type GatewayContext struct {
	Path      string // $context.path, with its escapes
	RequestID string // $context.requestId
	Time      string // $context.requestTime, as 21/Aug/2026:12:00:00 +0000
	Message   string // $context.error.message
}

// variable matches a variable of API Gateway in a template.
var variable = regexp.MustCompile(`\$context(\.[A-Za-z]\w*)+`)

// Body renders the template. A variable that isn't in the context stays unchanged.
func (r GatewayResponse) Body(c GatewayContext) string {
	return variable.ReplaceAllStringFunc(r.Template, func(name string) string {
		if value, ok := c.values()[name]; ok {
			return value
		}
		return name
	})
}

func (c GatewayContext) values() map[string]string {
	message, _ := json.Marshal(c.Message) // a string never fails
	return map[string]string{
		"$context.path": c.Path, "$context.requestId": c.RequestID, "$context.requestTime": c.Time,
		"$context.error.messageString": string(message),
	}
}

// GatewayResponses returns the API's gateway responses by type, such as UNAUTHORIZED, for a
// stack with these parameters. Other parameters have their defaults. The error names a response
// that is incomplete or not supported.
func (t *Template) GatewayResponses(parameters map[string]string) (map[string]GatewayResponse, error) {
	all, _ := t.Property("Api", "GatewayResponses").(map[string]any)
	resolver := t.With(parameters)
	responses := map[string]GatewayResponse{}
	for kind, given := range all {
		status, err := strconv.Atoi(fmt.Sprint(At(given, "StatusCode")))
		text, ok := At(given, "ResponseTemplates", "application/json").(string)
		if err != nil || !ok {
			return nil, fmt.Errorf("the gateway response %s has no status, or no body as JSON", kind)
		}
		for _, name := range variable.FindAllString(text, -1) {
			if _, known := (GatewayContext{}).values()[name]; !known {
				return nil, fmt.Errorf("the gateway response %s uses %s, which is not supported", kind, name)
			}
		}
		response := GatewayResponse{Status: status, Template: text, Headers: map[string]string{}}
		headers, _ := At(given, "ResponseParameters", "Headers").(map[string]any)
		for name, value := range headers {
			value, there, err := resolver.Text(value)
			if err != nil {
				return nil, fmt.Errorf("the gateway response %s, header %s: %w", kind, name, err)
			}
			if !there {
				continue
			}
			// A literal is in single quotes. Anything else is a mapping.
			if len(value) < 2 || value[0] != '\'' || value[len(value)-1] != '\'' {
				return nil, fmt.Errorf("the gateway response %s, header %s: %s is not a text in single quotes", kind, name, value)
			}
			response.Headers[name] = value[1 : len(value)-1]
		}
		responses[kind] = response
	}
	return responses, nil
}
