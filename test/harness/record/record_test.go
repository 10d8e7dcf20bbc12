package record_test

import (
	"bufio"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"github.com/takeup/takeup/internal/dev/policy"
	"github.com/takeup/takeup/test/harness/record"
)

// Headers as the functions' SDK sends them.
const (
	agent  = "User-Agent: aws-sdk-go-v2/1.48.0 ua/2.1 os/linux lang/go#1.26.8 md/GOOS#linux md/GOARCH#amd64 exec-env/AWS_Lambda_Go api/s3#1.114.9 app/takeup-SubmitFunction-1A2B m/F,g\r\n"
	signed = "Authorization: AWS4-HMAC-SHA256 Credential=000000000000/20261124/us-east-1/s3/aws4_request, SignedHeaders=host;x-amz-date, Signature=0\r\n"
	query  = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=000000000000%2F20261124%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Expires=900&X-Amz-SignedHeaders=host&X-Amz-Signature=0"
)

func signedFor(service string) string { return strings.Replace(signed, "/s3/", "/"+service+"/", 1) }

func TestParse(t *testing.T) {
	const function, bucket = "takeup-SubmitFunction-1A2B", "arn:aws:s3:::videos"
	object := func(action, key string) []policy.Call {
		return []policy.Call{{Function: function, Action: action, Resource: bucket + "/" + key}}
	}
	unknown := func(resource string) []policy.Call {
		return []policy.Call{{Function: function, Action: record.Unknown, Resource: resource}}
	}
	tests := []struct {
		name, request, body string
		status              int
		want                []policy.Call
	}{
		{"an object is read", "GET /videos/jobs/a.json?x-id=GetObject", "", 200, object("s3:GetObject", "jobs/a.json")},
		{"an absent key asks for the listing too", "GET /videos/jobs/a.json?x-id=GetObject", "", 404,
			append(object("s3:GetObject", "jobs/a.json"), policy.Call{
				Function: function, Action: "s3:ListBucket", Resource: bucket, Context: map[string]string{"s3:prefix": "jobs/a.json"},
			})},
		{"a head", "HEAD /videos/a", "", 200, object("s3:GetObject", "a")},
		{"a version is read", "GET /videos/a%20b%2Bc.txt?versionId=3&x-id=GetObject", "", 200, object("s3:GetObjectVersion", "a b+c.txt")},
		{"a version is gone", "GET /videos/a?versionId=3", "", 404,
			append(object("s3:GetObjectVersion", "a"), policy.AbsentKey(function, bucket, "a"))},
		{"an object is written", "PUT /videos/jobs/a.json?x-id=PutObject", "", 200, object("s3:PutObject", "jobs/a.json")},
		{"a write to no bucket lists nothing", "PUT /videos/jobs/a.json", "", 404, object("s3:PutObject", "jobs/a.json")},
		{"an upload begins", "POST /videos/v/video.mp4?uploads=", "", 200, object("s3:PutObject", "v/video.mp4")},
		{"a part", "PUT /videos/v/video.mp4?partNumber=1&uploadId=u&x-id=UploadPart", "", 200, object("s3:PutObject", "v/video.mp4")},
		{"an upload is completed", "POST /videos/v/video.mp4?uploadId=u", "", 200, object("s3:PutObject", "v/video.mp4")},
		{"an upload is aborted", "DELETE /videos/v/video.mp4?uploadId=u&x-id=AbortMultipartUpload", "", 204, object("s3:AbortMultipartUpload", "v/video.mp4")},
		{"an object is deleted", "DELETE /videos/a", "", 204, object("s3:DeleteObject", "a")},
		{"a listing of uploads", "GET /videos?uploads&prefix=videos%2F", "", 200,
			[]policy.Call{{Function: function, Action: "s3:ListBucketMultipartUploads", Resource: bucket}}},
		{"a listing", "GET /videos?list-type=2&prefix=jobs%2F", "", 200,
			[]policy.Call{{Function: function, Action: "s3:ListBucket", Resource: bucket, Context: map[string]string{"s3:prefix": "jobs/"}}}},
		{"an object's tags", "GET /videos/a?tagging", "", 200, unknown("s3 GET /videos/a")},
		{"the buckets", "GET /", "", 200, unknown("s3 GET /")},
		{"a form", "POST /videos/a", "", 200, unknown("s3 POST /videos/a")},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := record.Parse(request(t, test.request, agent+signed, test.body), nil, test.status, "signer")
			if !reflect.DeepEqual(got, test.want) {
				t.Errorf("got %+v\nwant %+v", got, test.want)
			}
		})
	}
}

func TestParseJSONServices(t *testing.T) {
	tests := []struct {
		name, service, target, body string
		want                        policy.Call
	}{
		{"a secret", "secretsmanager", "secretsmanager.GetSecretValue",
			`{"SecretId":"arn:aws:secretsmanager:us-east-1:000000000000:secret:ProviderKey-x","VersionId":"v"}`,
			policy.Call{Action: "secretsmanager:GetSecretValue", Resource: "arn:aws:secretsmanager:us-east-1:000000000000:secret:ProviderKey-x"}},
		{"an execution is started", "states", "AWSStepFunctions.StartExecution",
			`{"stateMachineArn":"arn:aws:states:us-east-1:000000000000:stateMachine:m","name":"n","input":"{}"}`,
			policy.Call{Action: "states:StartExecution", Resource: "arn:aws:states:us-east-1:000000000000:stateMachine:m"}},
		{"an execution is described", "states", "AWSStepFunctions.DescribeExecution",
			`{"executionArn":"arn:aws:states:us-east-1:000000000000:execution:m:n"}`,
			policy.Call{Action: "states:DescribeExecution", Resource: "arn:aws:states:us-east-1:000000000000:execution:m:n"}},
		{"an execution is stopped", "states", "AWSStepFunctions.StopExecution",
			`{"executionArn":"arn:aws:states:us-east-1:000000000000:execution:m:n","cause":"c"}`,
			policy.Call{Action: "states:StopExecution", Resource: "arn:aws:states:us-east-1:000000000000:execution:m:n"}},
		{"executions are listed", "states", "AWSStepFunctions.ListExecutions",
			`{"stateMachineArn":"arn:aws:states:us-east-1:000000000000:stateMachine:m","maxResults":100}`,
			policy.Call{Action: "states:ListExecutions", Resource: "arn:aws:states:us-east-1:000000000000:stateMachine:m"}},
		{"a partition is queried", "dynamodb", "DynamoDB_20120810.Query", `{"TableName":"jobs","KeyConditionExpression":"#pk = :pk"}`,
			policy.Call{Action: "dynamodb:Query", Resource: "arn:aws:dynamodb:us-east-1:000000000000:table/jobs"}},
		{"the items of a job are queried", "dynamodb", "DynamoDB_20120810.Query", `{"TableName":"jobs","KeyConditionExpression":"#pk = :pk","ExpressionAttributeValues":{":pk":{"S":"job#a"}}}`,
			policy.Call{Action: "dynamodb:Query", Resource: "arn:aws:dynamodb:us-east-1:000000000000:table/jobs", Context: map[string]string{policy.LeadingKeys: "job#a"}}},
		{"an index is queried", "dynamodb", "DynamoDB_20120810.Query", `{"TableName":"jobs","IndexName":"by-day"}`,
			policy.Call{Action: "dynamodb:Query", Resource: "arn:aws:dynamodb:us-east-1:000000000000:table/jobs/index/by-day"}},
		{"a transaction needs what its items need", "dynamodb", "DynamoDB_20120810.TransactWriteItems",
			`{"TransactItems":[{"Put":{"TableName":"jobs","Item":{}}}]}`,
			policy.Call{Action: "dynamodb:PutItem", Resource: "arn:aws:dynamodb:us-east-1:000000000000:table/jobs"}},
		{"an item is written", "dynamodb", "DynamoDB_20120810.PutItem", `{"TableName":"jobs","Item":{"pk":{"S":"job#a"},"sk":{"S":"job"}}}`,
			policy.Call{Action: "dynamodb:PutItem", Resource: "arn:aws:dynamodb:us-east-1:000000000000:table/jobs", Context: map[string]string{policy.LeadingKeys: "job#a"}}},
		{"a condition is checked", "dynamodb", "DynamoDB_20120810.TransactWriteItems",
			`{"TransactItems":[{"ConditionCheck":{"TableName":"jobs","Key":{"pk":{"S":"control"},"sk":{"S":"control"}}}}]}`,
			policy.Call{Action: "dynamodb:ConditionCheckItem", Resource: "arn:aws:dynamodb:us-east-1:000000000000:table/jobs", Context: map[string]string{policy.LeadingKeys: "control"}}},
		{"an item is deleted", "dynamodb", "DynamoDB_20120810.DeleteItem", `{"TableName":"jobs","Key":{"pk":{"S":"outbox"},"sk":{"S":"job#a.1"}}}`,
			policy.Call{Action: "dynamodb:DeleteItem", Resource: "arn:aws:dynamodb:us-east-1:000000000000:table/jobs", Context: map[string]string{policy.LeadingKeys: "outbox"}}},
		{"an event is put on the bus", "events", "AWSEvents.PutEvents", `{"Entries":[{"Source":"takeup","DetailType":"Video Ended","Detail":"{}"}]}`,
			policy.Call{Action: "events:PutEvents", Resource: "arn:aws:events:us-east-1:000000000000:event-bus/default", Context: map[string]string{"events:source": "takeup"}}},
		{"a message is sent", "sqs", "AmazonSQS.SendMessage", `{"QueueUrl":"http://127.0.0.1:4566/000000000000/untold","MessageBody":"{}"}`,
			policy.Call{Action: "sqs:SendMessage", Resource: "arn:aws:sqs:us-east-1:000000000000:untold"}},
		{"a mail is published", "sns", "", "Action=Publish&Message=a&TopicArn=arn%3Aaws%3Asns%3Aus-east-1%3A000000000000%3Atold&Version=2010-03-31",
			policy.Call{Action: "sns:Publish", Resource: "arn:aws:sns:us-east-1:000000000000:told"}},
		{"a topic is deleted", "sns", "", "Action=DeleteTopic&TopicArn=arn%3Aaws%3Asns%3Aus-east-1%3A000000000000%3Atold",
			policy.Call{Action: record.Unknown, Resource: "sns DeleteTopic"}},
		{"no events", "events", "AWSEvents.PutEvents", `{}`, policy.Call{Action: record.Unknown, Resource: "events without entries"}},
		{"a table is dropped", "dynamodb", "DynamoDB_20120810.DeleteTable", `{"TableName":"jobs"}`,
			policy.Call{Action: record.Unknown, Resource: "dynamodb DynamoDB_20120810.DeleteTable"}},
		{"another operation", "states", "AWSStepFunctions.DeleteStateMachine", `{}`,
			policy.Call{Action: record.Unknown, Resource: "states POST / AWSStepFunctions.DeleteStateMachine"}},
		{"no JSON", "states", "AWSStepFunctions.DescribeExecution", "\xa1",
			policy.Call{Action: record.Unknown, Resource: "states POST / AWSStepFunctions.DescribeExecution"}},
		{"another protocol", "states", "", "",
			policy.Call{Action: record.Unknown, Resource: "states POST / "}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			headers := signedFor(test.service)
			if test.target != "" {
				headers += "X-Amz-Target: " + test.target + "\r\n"
			}
			got := record.Parse(request(t, "POST /", headers, test.body), []byte(test.body), 200, "signer")
			if want := []policy.Call{test.want}; !reflect.DeepEqual(got, want) {
				t.Errorf("got %+v\nwant %+v", got, want)
			}
		})
	}
}

// A presigned form is sent by a caller without permissions of their own.
func TestParseForm(t *testing.T) {
	const multipart = "Content-Type: multipart/form-data; boundary=b\r\n"
	part := func(name, value string) string {
		return "--b\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + value + "\r\n"
	}
	whole := part("key", "uploads/a.txt") + part("X-Amz-Signature", "0") + part("file", "a boat") + "--b--\r\n"
	want := policy.Call{Function: "signer", Action: "s3:PutObject", Resource: "arn:aws:s3:::prompts/uploads/a.txt"}
	if got := record.Parse(request(t, "POST /prompts", multipart, whole), []byte(whole), 204, "signer"); !reflect.DeepEqual(got, []policy.Call{want}) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
	unsigned := part("key", "uploads/a.txt") + "--b--\r\n"
	for _, body := range []string{unsigned, "", whole[:len(whole)/2]} {
		if got := record.Parse(request(t, "POST /prompts", multipart, body), []byte(body), 403, "signer"); got[0].Action != record.Unknown {
			t.Errorf("%q: got %+v", body, got)
		}
	}
}

func TestParseCaller(t *testing.T) {
	tests := []struct{ name, request, headers, want string }{
		{"a presigned URL is its signer's", "GET /videos/a?" + query, "User-Agent: curl/8.0\r\n", "signer"},
		{"a function is itself, however it signs", "GET /videos/a?" + query, agent, "takeup-SubmitFunction-1A2B"},
		{"nobody", "GET /videos/a", signed, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			calls := record.Parse(request(t, test.request, test.headers, ""), nil, 200, "signer")
			want := []policy.Call{{Function: test.want, Action: "s3:GetObject", Resource: "arn:aws:s3:::videos/a"}}
			if !reflect.DeepEqual(calls, want) {
				t.Errorf("got %+v\nwant %+v", calls, want)
			}
		})
	}
}

func TestRecorder(t *testing.T) {
	type seen struct{ host, uri, body string }
	var got seen
	behind := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		got = seen{r.Host, r.RequestURI, string(body)}
		w.WriteHeader(http.StatusTeapot)
	}))
	defer behind.Close()
	recorder := record.New("signer")
	front := httptest.NewServer(recorder)
	defer front.Close()

	send := func(method, path, body string, headers ...string) int {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, front.URL+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		for _, header := range headers {
			name, value, _ := strings.Cut(strings.TrimSpace(header), ": ")
			r.Header.Set(name, value)
		}
		response, err := front.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		return response.StatusCode
	}
	if status := send("GET", "/videos/a", "", agent, signed); status != http.StatusServiceUnavailable {
		t.Errorf("before SendTo: %d", status)
	}
	if err := recorder.SendTo(behind.URL); err != nil {
		t.Fatal(err)
	}
	host := strings.TrimPrefix(front.URL, "http://")
	for _, test := range []struct {
		method, path, body string
		headers            []string
	}{
		{"PUT", "/videos/a%20b%2Bc%2F?x-id=PutObject", "the content", []string{agent, signed}},
		{"POST", "/", `{"executionArn":"e"}`, []string{agent, signedFor("states"), "X-Amz-Target: AWSStepFunctions.DescribeExecution"}},
	} {
		status := send(test.method, test.path, test.body, test.headers...)
		if want := (seen{host, test.path, test.body}); status != http.StatusTeapot || got != want {
			t.Errorf("%d, and %+v instead of %+v", status, got, want)
		}
	}
	want := []policy.Call{
		{Function: "takeup-SubmitFunction-1A2B", Action: "s3:PutObject", Resource: "arn:aws:s3:::videos/a b+c/"},
		{Function: "takeup-SubmitFunction-1A2B", Action: "states:DescribeExecution", Resource: "e"},
	}
	if calls := recorder.Calls(); !reflect.DeepEqual(calls, want) {
		t.Errorf("recorded %+v\nwant %+v", calls, want)
	}
}

// request parses a request in wire format.
func request(t *testing.T, line, headers, body string) *http.Request {
	t.Helper()
	text := line + " HTTP/1.1\r\nHost: 127.0.0.1:4566\r\n" + headers + "\r\n" + body
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(text)))
	if err != nil {
		t.Fatal(err)
	}
	return r
}
