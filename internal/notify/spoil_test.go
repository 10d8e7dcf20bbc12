package notify_test

import (
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

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
	for _, item := range w.items.All() {
		partition, ok := item["pk"].(*types.AttributeValueMemberS)
		if ok && partition.Value == "job#"+id {
			in := &dynamodb.DeleteItemInput{Key: dynamoKey(item)}
			if _, err := w.items.DeleteItem(w.t.Context(), in); err != nil {
				w.t.Fatal(err)
			}
		}
	}
	if keys := w.waiting(); len(keys) == 0 {
		w.t.Fatalf("nothing is left of %s in %s", id, outbox.Partition)
	}
}

func dynamoKey(item map[string]types.AttributeValue) map[string]types.AttributeValue {
	return map[string]types.AttributeValue{"pk": item["pk"], "sk": item["sk"]}
}
