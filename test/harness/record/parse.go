package record

import (
	"bytes"
	"encoding/json"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"path"
	"strings"

	"github.com/takeup/takeup/internal/dev/policy"
)

// Unknown is the action of a call that Parse doesn't understand. No policy allows it.
const Unknown = "unknown"

// Parse returns the permissions that a call needs: the caller, the action, the resource, and the
// condition keys that a policy may use. One call may need more than one. The body is that of a
// call of a service other than S3.
func Parse(r *http.Request, body []byte, status int, signer string) []policy.Call {
	call := policy.Call{Function: caller(r)}
	if call.Function == "" && presigned(r) {
		call.Function = signer
	}
	if form := presignedForm(r, body); form != nil {
		call.Function, call.Action, call.Resource = signer, "s3:PutObject", "arn:aws:s3:::"+strings.Trim(r.URL.Path, "/")+"/"+form.Get("key")
		return []policy.Call{call}
	}
	if service(r) == "s3" {
		return s3(call, r, status)
	}
	if operation, ok := strings.CutPrefix(r.Header.Get("X-Amz-Target"), "DynamoDB_20120810."); ok {
		return dynamodb(call, r, operation, body)
	}
	if r.Header.Get("X-Amz-Target") == "AWSEvents.PutEvents" {
		return events(call, r, body)
	}
	if service(r) == "sns" {
		return []policy.Call{topic(call, body)}
	}
	return []policy.Call{target(call, r, body)}
}

// topic parses a call of SNS, whose body is a form.
func topic(call policy.Call, body []byte) policy.Call {
	form, err := url.ParseQuery(string(body))
	if call.Action, call.Resource = "sns:Publish", form.Get("TopicArn"); err != nil || form.Get("Action") != "Publish" || call.Resource == "" {
		call.Action, call.Resource = Unknown, "sns "+form.Get("Action")
	}
	return call
}

// events parses a call of EventBridge that puts events on the default bus.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-conditions.html
func events(call policy.Call, r *http.Request, body []byte) []policy.Call {
	var in struct{ Entries []struct{ Source string } }
	if json.Unmarshal(body, &in) != nil || len(in.Entries) == 0 {
		call.Action, call.Resource = Unknown, "events without entries"
		return []policy.Call{call}
	}
	var calls []policy.Call
	for _, entry := range in.Entries {
		call.Action, call.Resource = "events:PutEvents", "arn:aws:events:"+scope(r, 2)+":000000000000:event-bus/default"
		call.Context = map[string]string{"events:source": entry.Source}
		calls = append(calls, call)
	}
	return calls
}

// caller returns the name in the SDK's user agent, app/<name>. The functions are configured to
// send their names there.
func caller(r *http.Request) string {
	for word := range strings.FieldsSeq(r.UserAgent()) {
		if name, ok := strings.CutPrefix(word, "app/"); ok {
			return name
		}
	}
	return ""
}

func presigned(r *http.Request) bool { return r.URL.Query().Has("X-Amz-Signature") }

// presignedForm returns the fields of a presigned form, or nil if the call is none. They come
// before the file.
// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTForms.html
func presignedForm(r *http.Request, body []byte) url.Values {
	kind, parameters, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/form-data" || r.Method != http.MethodPost {
		return nil
	}
	form, err := multipart.NewReader(bytes.NewReader(body), parameters["boundary"]).ReadForm(maxBody)
	if err != nil || len(form.Value["X-Amz-Signature"]) == 0 {
		return nil
	}
	return form.Value
}

// service returns the service that a call is signed for.
func service(r *http.Request) string { return scope(r, 3) }

// scope returns a part of the scope of a call's credentials,
// <key>/<date>/<region>/<service>/aws4_request.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
func scope(r *http.Request, part int) string {
	scope := r.URL.Query().Get("X-Amz-Credential")
	if scope == "" {
		_, after, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=")
		scope, _, _ = strings.Cut(after, ",")
	}
	parts := strings.Split(scope, "/")
	if len(parts) != 5 {
		return ""
	}
	return parts[part]
}

// resources returns, by the operation as in X-Amz-Target, its action and the request field that
// names its resource.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecretsmanager.html
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsstepfunctions.html
func resources() map[string][2]string {
	return map[string][2]string{
		"secretsmanager.GetSecretValue":      {"secretsmanager:GetSecretValue", "SecretId"},
		"AWSStepFunctions.StartExecution":    {"states:StartExecution", "stateMachineArn"},
		"AWSStepFunctions.DescribeExecution": {"states:DescribeExecution", "executionArn"},
		"AWSStepFunctions.StopExecution":     {"states:StopExecution", "executionArn"},
		"AWSStepFunctions.ListExecutions":    {"states:ListExecutions", "stateMachineArn"},
		"AmazonSQS.SendMessage":              {"sqs:SendMessage", "QueueUrl"},
		"AmazonSQS.SendMessageBatch":         {"sqs:SendMessage", "QueueUrl"},
	}
}

// target parses a call of a JSON service.
func target(call policy.Call, r *http.Request, body []byte) policy.Call {
	name := r.Header.Get("X-Amz-Target")
	known, ok := resources()[name]
	var fields map[string]any
	if !ok || json.Unmarshal(body, &fields) != nil {
		call.Action, call.Resource = Unknown, service(r)+" "+r.Method+" "+r.URL.Path+" "+name
		return call
	}
	call.Action = known[0]
	call.Resource, _ = fields[known[1]].(string)
	if service(r) == "sqs" { // a queue is named by its URL
		call.Resource = "arn:aws:sqs:" + scope(r, 2) + ":000000000000:" + path.Base(call.Resource)
	}
	return call
}

// item is the parsed part of an item: its partition.
type item struct {
	PK struct{ S string } `json:"pk"`
}

// dynamodb parses a call of DynamoDB. A transaction needs the permission of each of its items.
// MiniStack's account is 000000000000.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html
func dynamodb(call policy.Call, r *http.Request, operation string, body []byte) []policy.Call {
	var in struct {
		TableName, IndexName string
		Item, Key            item
		Values               struct {
			PK struct{ S string } `json:":pk"`
		} `json:"ExpressionAttributeValues"`
		RequestItems  map[string]json.RawMessage
		TransactItems []map[string]struct {
			TableName string
			Item, Key item
		}
	}
	if json.Unmarshal(body, &in) != nil {
		in.TableName, operation = "", ""
	}
	table := func(name string) string { return "arn:aws:dynamodb:" + scope(r, 2) + ":000000000000:table/" + name }
	var calls []policy.Call
	add := func(action, resource string, items ...item) {
		call.Action, call.Resource, call.Context = action, resource, nil
		for _, i := range items {
			if i.PK.S != "" {
				call.Context = map[string]string{policy.LeadingKeys: i.PK.S}
			}
		}
		calls = append(calls, call)
	}
	switch operation {
	case "GetItem", "PutItem", "UpdateItem", "DeleteItem", "Scan":
		add("dynamodb:"+operation, table(in.TableName), in.Item, in.Key)
	case "Query":
		resource := table(in.TableName)
		if in.IndexName != "" {
			resource += "/index/" + in.IndexName
		}
		add("dynamodb:Query", resource, item{PK: in.Values.PK})
	case "BatchGetItem":
		for name := range in.RequestItems {
			add("dynamodb:BatchGetItem", table(name))
		}
	case "TransactWriteItems":
		for _, item := range in.TransactItems {
			for kind, fields := range item {
				action, ok := map[string]string{
					"Put": "dynamodb:PutItem", "Update": "dynamodb:UpdateItem",
					"Delete": "dynamodb:DeleteItem", "ConditionCheck": "dynamodb:ConditionCheckItem",
				}[kind]
				if !ok {
					action = Unknown
				}
				add(action, table(fields.TableName), fields.Item, fields.Key)
			}
		}
	default:
		add(Unknown, "dynamodb "+r.Header.Get("X-Amz-Target"))
	}
	return calls
}

// s3 parses a call of S3's REST API with the bucket in the path.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html
func s3(call policy.Call, r *http.Request, status int) []policy.Call {
	bucket, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	arn, query := "arn:aws:s3:::"+bucket, r.URL.Query()
	call.Resource = arn + "/" + key
	read := r.Method == http.MethodGet || r.Method == http.MethodHead
	switch {
	case key == "" && r.Method == http.MethodGet && query.Has("list-type"):
		call.Action, call.Resource = "s3:ListBucket", arn
		call.Context = map[string]string{"s3:prefix": query.Get("prefix")}
	case key == "" && r.Method == http.MethodGet && query.Has("uploads"):
		call.Action, call.Resource = "s3:ListBucketMultipartUploads", arn
	case key == "" || subresource(query) || r.Header.Get("X-Amz-Copy-Source") != "":
		call.Action, call.Resource = Unknown, "s3 "+r.Method+" "+r.URL.Path
	case read && query.Has("versionId"):
		call.Action = "s3:GetObjectVersion"
	case read:
		call.Action = "s3:GetObject"
	case r.Method == http.MethodPut,
		r.Method == http.MethodPost && (query.Has("uploads") || query.Has("uploadId")):
		call.Action = "s3:PutObject"
	case r.Method == http.MethodDelete && query.Has("uploadId"):
		call.Action = "s3:AbortMultipartUpload"
	case r.Method == http.MethodDelete:
		call.Action = "s3:DeleteObject"
	default:
		call.Action, call.Resource = Unknown, "s3 "+r.Method+" "+r.URL.Path
	}
	calls := []policy.Call{call}
	if read && key != "" && status == http.StatusNotFound {
		calls = append(calls, policy.AbsentKey(call.Function, arn, key))
	}
	return calls
}

// subresource reports whether a call is for a part of an object that has its own actions.
func subresource(query map[string][]string) bool {
	for _, name := range []string{"acl", "tagging", "retention", "legal-hold", "attributes", "torrent", "restore", "select"} {
		if _, ok := query[name]; ok {
			return true
		}
	}
	return false
}
