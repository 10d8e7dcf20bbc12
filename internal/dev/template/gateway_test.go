package template

import (
	"maps"
	"strings"
	"testing"
)

const gatewayTemplate = `
Parameters:
  Origin: { Default: "" }
  Wait: { Default: 2 }
Conditions:
  HasOrigin: !Not [!Equals [!Ref Origin, ""]]
  Short: !And [!Condition HasOrigin, !Or [!Equals [!Ref Wait, 1], !Equals [!Ref Wait, 2]]]
Resources:
  Api:
    Properties:
      GatewayResponses:
        THROTTLED:
          StatusCode: 429
          ResponseParameters:
            Headers:
              Allow: !If [HasOrigin, !Sub "'${Origin}'", !Ref AWS::NoValue]
              Retry-After: !If [Short, !Sub "'${Wait}'", "'60'"]
          ResponseTemplates:
            application/json: '{"message":$context.error.messageString,"path":"$context.path","id":"$context.requestId"}'
`

func TestGatewayResponses(t *testing.T) {
	parsed, err := Parse([]byte(gatewayTemplate))
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		given   map[string]string
		headers map[string]string
	}{
		{nil, map[string]string{"Retry-After": "60"}},
		{map[string]string{"Origin": "https://a.example"}, map[string]string{"Allow": "https://a.example", "Retry-After": "2"}},
		{map[string]string{"Origin": "*", "Wait": "3"}, map[string]string{"Allow": "*", "Retry-After": "60"}},
	} {
		responses, err := parsed.GatewayResponses(test.given)
		if err != nil {
			t.Fatal(err)
		}
		got := responses["THROTTLED"]
		if got.Status != 429 || !maps.Equal(got.Headers, test.headers) {
			t.Errorf("%v: got %+v", test.given, got)
		}
		body := got.Body(GatewayContext{Path: "/a/$context.requestId", RequestID: "7", Message: `"no"`})
		if want := `{"message":"\"no\"","path":"/a/$context.requestId","id":"7"}`; body != want {
			t.Errorf("got %s, want %s", body, want)
		}
	}
}

func TestGatewayResponsesRefuses(t *testing.T) {
	for _, test := range []struct{ why, old, new, want string }{
		{"no status", "          StatusCode: 429\n", "", "no status"},
		{"a variable that is not known", "$context.path", "$context.resourcePath", "$context.resourcePath"},
		{"a mapping", "\"'60'\"", "method.request.header.Origin", "not a text in single quotes"},
		{"a resource", "\"'60'\"", "!Ref Api", "no value for Api"},
		{"a resource in a text", "'${Wait}'", "'${Api}'", "no value for Api"},
		{"an attribute", "\"'60'\"", "!GetAtt Api.Id", "no value for Api.Id"},
		{"no such condition", "!If [Short", "!If [Long", "no condition Long"},
		{"another condition function", "!Not [", "!Never [", "Never is not supported"},
		{"no condition function", `!Not [!Equals [!Ref Origin, ""]]`, `yes`, "not a condition"},
	} {
		t.Run(test.why, func(t *testing.T) {
			text := strings.Replace(gatewayTemplate, test.old, test.new, 1)
			if text == gatewayTemplate {
				t.Fatalf("there is no %q to replace", test.old)
			}
			parsed, err := Parse([]byte(text))
			if err != nil {
				t.Fatal(err)
			}
			given := map[string]string{"Origin": "a"}
			if test.new == "method.request.header.Origin" || strings.HasPrefix(test.new, "!Ref") || strings.HasPrefix(test.new, "!GetAtt") {
				given["Wait"] = "3"
			}
			if _, err := parsed.GatewayResponses(given); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}
