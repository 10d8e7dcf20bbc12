package dynamotest

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// attributes are an item's attributes in DynamoDB's JSON.
type attributes Attributes

// UnmarshalJSON decodes {"name": {"S": "value"}}.
func (a *attributes) UnmarshalJSON(data []byte) error {
	item, err := attributevalue.UnmarshalMapJSON(data)
	*a = item
	return err
}

// MarshalJSON encodes in the same form.
func (a attributes) MarshalJSON() ([]byte, error) { return attributevalue.MarshalMapJSON(a) }

// write is a put, alone or in a transaction, an update, or a condition check.
type write struct {
	Item, Key                           attributes
	UpdateExpression                    *string
	ConditionExpression                 *string
	ExpressionAttributeNames            map[string]string
	ExpressionAttributeValues           attributes
	ReturnValuesOnConditionCheckFailure types.ReturnValuesOnConditionCheckFailure
}

// request has the fields of all supported calls.
type request struct {
	write
	TableName              *string
	ConsistentRead         *bool
	KeyConditionExpression *string
	IndexName              *string
	ClientRequestToken     *string
	FilterExpression       *string
	ScanIndexForward       *bool
	Limit                  *int32
	ExclusiveStartKey      attributes
	TransactItems          []struct{ Put, Update, ConditionCheck *write }
	RequestItems           map[string]bulk
}

// partition returns the partition of a call's item or query.
func (r request) partition() string {
	all := []attributes{r.Item, {"pk": r.ExpressionAttributeValues[":pk"]}}
	for _, item := range r.TransactItems {
		if item.Put != nil {
			all = append(all, item.Put.Item)
		}
	}
	for _, item := range all {
		if s, ok := item["pk"].(*types.AttributeValueMemberS); ok {
			return s.Value
		}
	}
	return ""
}

// reason is a reason for a transaction's cancellation.
type reason struct {
	Code string
	Item attributes `json:",omitempty"`
}

// reply has the fields of all replies.
type reply struct {
	Type                string       `json:"__type,omitempty"`
	Message             string       `json:"message,omitempty"`
	Item                attributes   `json:",omitempty"` // the item that failed a condition
	Items               []attributes `json:",omitempty"`
	Count               int          `json:",omitempty"`
	LastEvaluatedKey    attributes   `json:",omitempty"`
	CancellationReasons []reason     `json:",omitempty"`

	Responses       map[string][]attributes `json:",omitempty"`
	UnprocessedKeys map[string]bulk         `json:",omitempty"`
}

// ServeHTTP answers a call.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	var in request
	if err == nil {
		err = json.Unmarshal(body, &in)
	}
	if err != nil {
		answer(w, http.StatusBadRequest, reply{Type: "SerializationException", Message: err.Error()})
		return
	}
	_, op, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	s.calls.Lock()
	if s.counts == nil {
		s.counts = map[string]int{}
	}
	s.counts[op]++
	call, hook := Call{Op: op, Partition: in.partition(), Count: s.counts[op]}, s.fault
	s.calls.Unlock()
	var fault Fault
	if hook != nil {
		fault = hook(call)
	}
	var out reply
	status := http.StatusOK
	if fault.After || !fault.Cut && fault.Status == 0 {
		out, status = s.carryOut(r.Context(), op, in)
	}
	switch {
	case fault.Cut:
		panic(http.ErrAbortHandler)
	case fault.Status != 0:
		out, status = reply{Type: fault.Code, Message: fault.Code + " (dynamofake)"}, fault.Status
		if fault.Code == "TransactionCanceledException" {
			out.CancellationReasons = []reason{{Code: "TransactionConflict"}, {Code: "None"}}
		}
	}
	answer(w, status, out)
}

func answer(w http.ResponseWriter, status int, out reply) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(out); err != nil {
		panic(http.ErrAbortHandler)
	}
}

// carryOut performs a call.
func (s *Server) carryOut(ctx context.Context, op string, in request) (reply, int) {
	var out reply
	var err error
	switch op {
	case "Query":
		var got *dynamodb.QueryOutput
		got, err = s.Query(ctx, &dynamodb.QueryInput{
			ConsistentRead: in.ConsistentRead, KeyConditionExpression: in.KeyConditionExpression, IndexName: in.IndexName,
			FilterExpression: in.FilterExpression, ScanIndexForward: in.ScanIndexForward, Limit: in.Limit, ExclusiveStartKey: Attributes(in.ExclusiveStartKey),
			ExpressionAttributeNames: in.ExpressionAttributeNames, ExpressionAttributeValues: Attributes(in.ExpressionAttributeValues),
		})
		if err == nil {
			out.add(got.Items)
			out.LastEvaluatedKey = got.LastEvaluatedKey
		}
	case "Scan":
		var got *dynamodb.ScanOutput
		if got, err = s.Scan(ctx, &dynamodb.ScanInput{ConsistentRead: in.ConsistentRead}); err == nil {
			out.add(got.Items)
		}
	case "BatchGetItem":
		err = s.getItems(ctx, in, &out)
	case "PutItem":
		_, err = s.PutItem(ctx, &dynamodb.PutItemInput{
			Item: Attributes(in.Item), ConditionExpression: in.ConditionExpression,
			ExpressionAttributeNames: in.ExpressionAttributeNames, ExpressionAttributeValues: Attributes(in.ExpressionAttributeValues),
			ReturnValuesOnConditionCheckFailure: in.ReturnValuesOnConditionCheckFailure,
		})
	case "TransactWriteItems":
		transaction := &dynamodb.TransactWriteItemsInput{ClientRequestToken: in.ClientRequestToken}
		for _, item := range in.TransactItems {
			one := item.Put.item()
			if check := item.ConditionCheck; check != nil {
				one.ConditionCheck = &types.ConditionCheck{
					Key: Attributes(check.Key), ConditionExpression: check.ConditionExpression,
					ExpressionAttributeNames: check.ExpressionAttributeNames, ExpressionAttributeValues: Attributes(check.ExpressionAttributeValues),
					ReturnValuesOnConditionCheckFailure: check.ReturnValuesOnConditionCheckFailure,
				}
			}
			if update := item.Update; update != nil {
				one.Update = &types.Update{
					Key: Attributes(update.Key), UpdateExpression: update.UpdateExpression, ConditionExpression: update.ConditionExpression,
					ExpressionAttributeNames: update.ExpressionAttributeNames, ExpressionAttributeValues: Attributes(update.ExpressionAttributeValues),
					ReturnValuesOnConditionCheckFailure: update.ReturnValuesOnConditionCheckFailure,
				}
			}
			transaction.TransactItems = append(transaction.TransactItems, one)
		}
		_, err = s.TransactWriteItems(ctx, transaction)
	default:
		return reply{Type: "UnknownOperationException", Message: op}, http.StatusBadRequest
	}
	if err != nil {
		return refusal(err), http.StatusBadRequest
	}
	return out, http.StatusOK
}

func (r *reply) add(items []Attributes) {
	r.Count = len(items)
	for _, item := range items {
		r.Items = append(r.Items, item)
	}
}

func (w *write) item() types.TransactWriteItem {
	if w == nil {
		return types.TransactWriteItem{}
	}
	return types.TransactWriteItem{Put: &types.Put{
		Item: Attributes(w.Item), ConditionExpression: w.ConditionExpression,
		ExpressionAttributeNames: w.ExpressionAttributeNames, ExpressionAttributeValues: Attributes(w.ExpressionAttributeValues),
		ReturnValuesOnConditionCheckFailure: w.ReturnValuesOnConditionCheckFailure,
	}}
}

// refusal converts an error to DynamoDB's form.
func refusal(err error) reply {
	var failed *types.ConditionalCheckFailedException
	var cancelled *types.TransactionCanceledException
	switch {
	case errors.As(err, &failed):
		return reply{Type: "ConditionalCheckFailedException", Message: "The conditional request failed", Item: failed.Item}
	case errors.As(err, &cancelled):
		out := reply{Type: "TransactionCanceledException", Message: "Transaction cancelled"}
		for _, r := range cancelled.CancellationReasons {
			out.CancellationReasons = append(out.CancellationReasons, reason{Code: *r.Code, Item: r.Item})
		}
		return out
	}
	return reply{Type: "ValidationException", Message: err.Error()}
}
