package notify_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/takeup/takeup/internal/table/outbox"
)

// spoil sets a text in an item of the outbox.
func (w *world) spoil(key, name, value string) {
	w.t.Helper()
	for _, item := range w.items.All() {
		if sort, ok := item["sk"].(*types.AttributeValueMemberS); ok && sort.Value == key {
			item[name] = &types.AttributeValueMemberS{Value: value}
			if err := w.items.Put(item); err != nil {
				w.t.Fatal(err)
			}
		}
	}
}

// lose deletes a job, and leaves the outbox.
func (w *world) lose(id string) {
	w.t.Helper()
	w.loseItems("job#" + id)
}

// loseItems deletes the items of a partition.
func (w *world) loseItems(of string) {
	w.t.Helper()
	for _, item := range w.items.All() {
		partition, ok := item["pk"].(*types.AttributeValueMemberS)
		if ok && partition.Value == of {
			in := &dynamodb.DeleteItemInput{Key: dynamoKey(item)}
			if _, err := w.items.DeleteItem(w.t.Context(), in); err != nil {
				w.t.Fatal(err)
			}
		}
	}
	if keys := w.waiting(); len(keys) == 0 {
		w.t.Fatalf("nothing is left of %s in %s", of, outbox.Partition)
	}
}

// holds checks an event against the schema of its type.
func holds(t *testing.T, detailType, detail string) {
	t.Helper()
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	schema, err := compiler.Compile("../../docs/events.schema.json#/$defs/" + strings.ReplaceAll(detailType, " ", "%20"))
	if err != nil {
		t.Fatal(err)
	}
	value, err := jsonschema.UnmarshalJSON(strings.NewReader(detail))
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(value); err != nil {
		t.Errorf("%s: %v", detail, err)
	}
}

// decoded returns the fields of an event.
func decoded(t *testing.T, detail string) (fields map[string]any) {
	t.Helper()
	if err := json.Unmarshal([]byte(detail), &fields); err != nil {
		t.Fatal(err)
	}
	return fields
}

func dynamoKey(item map[string]types.AttributeValue) map[string]types.AttributeValue {
	return map[string]types.AttributeValue{"pk": item["pk"], "sk": item["sk"]}
}
