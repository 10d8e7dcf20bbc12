package template

import (
	"maps"
	"strings"
	"testing"
)

func TestEnvironment(t *testing.T) {
	const text = `
Parameters:
  Interval: { Type: Number, Default: 10 }
  Route: { Type: String, Default: legacy }
  Key: { Type: String }
Resources:
  CheckFunction:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: functions/check/
      Timeout: 30
      Environment:
        Variables:
          INTERVAL: !Ref Interval
          ROUTE: !Ref Route
          BUCKET: !Ref Bucket
          SECRET: !GetAtt Secret.Id
          EXECUTIONS: !Sub arn:${Bucket}:*
          TRIES: 3
          LATE: true
  PlainFunction:
    Type: AWS::Serverless::Function
  KeyFunction:
    Type: AWS::Serverless::Function
    Properties: { Environment: { Variables: { THE_KEY: !Ref Key } } }
`
	parsed, err := Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	values := Values{"Route": "universal", "Bucket": "videos", "Secret.Id": "arn:secret"}
	got, err := parsed.Environment("CheckFunction", values)
	want := map[string]string{
		"INTERVAL": "10", "ROUTE": "universal", "BUCKET": "videos", "SECRET": "arn:secret",
		"EXECUTIONS": "arn:videos:*", "TRIES": "3", "LATE": "true",
	}
	if err != nil || !maps.Equal(got, want) {
		t.Errorf("got %v, %v", got, err)
	}
	if parsed.Folder("CheckFunction") != "functions/check/" || parsed.Timeout("CheckFunction") != 30 {
		t.Errorf("folder %q, timeout %d", parsed.Folder("CheckFunction"), parsed.Timeout("CheckFunction"))
	}
	if got, err := parsed.Environment("PlainFunction", nil); err != nil || len(got) != 0 || parsed.Timeout("PlainFunction") != 0 || parsed.Folder("PlainFunction") != "" {
		t.Errorf("a function without any has %v, %v", got, err)
	}
	if _, err := parsed.Environment("KeyFunction", values); err == nil || !strings.Contains(err.Error(), "THE_KEY") || !strings.Contains(err.Error(), "no value for Key") {
		t.Errorf("a parameter without a value and a default: %v", err)
	}
}
