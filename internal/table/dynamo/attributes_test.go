package dynamo_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/takeup/takeup/internal/table/dynamo"
)

// What is put is read again, and what is zero is absent and reads as zero.
func TestAttributes(t *testing.T) {
	at := time.Date(2026, 8, 21, 10, 0, 0, 5, time.UTC)
	item := dynamo.Attributes{}
	item.Put("text", "a boat")
	item.PutNumber("number", -7)
	item.PutFlag("flag", true)
	item.PutTime("time", at)
	item["part"] = &types.AttributeValueMemberM{Value: dynamo.Attributes{"text": dynamo.Text("inside")}}
	item.Put("no text", "")
	item.PutFlag("no flag", false)
	item.PutTime("no time", time.Time{})
	if len(item) != 5 {
		t.Errorf("%d attributes: %v", len(item), item)
	}
	r := dynamo.Reader{Attributes: item}
	part, ok := r.Part("part")
	if r.Text("text") != "a boat" || r.Number("number") != -7 || !r.Flag("flag") || !r.Time("time").Equal(at) || !ok || part.Text("text") != "inside" {
		t.Errorf("read %+v", r)
	}
	_, other := r.Part("no part")
	if r.Text("no text") != "" || r.Number("no number") != 0 || r.Flag("no flag") || !r.Time("no time").IsZero() || other || r.Err != nil {
		t.Errorf("what is absent: %v", r.Err)
	}
}

// A Reader keeps the first error, and names the attribute.
func TestReaderFails(t *testing.T) {
	for name, read := range map[string]func(*dynamo.Reader){
		"text":   func(r *dynamo.Reader) { r.Text("number") },
		"number": func(r *dynamo.Reader) { r.Number("text") },
		"flag":   func(r *dynamo.Reader) { r.Flag("text") },
		"time":   func(r *dynamo.Reader) { r.Time("text") },
		"part":   func(r *dynamo.Reader) { r.Part("text") },
	} {
		item := dynamo.Attributes{}
		item.Put("text", "a boat")
		item.PutNumber("number", 1)
		r := dynamo.Reader{Attributes: item}
		read(&r)
		first := r.Err
		r.Fail("later", dynamo.ErrType)
		if first == nil || r.Err != first || strings.Contains(r.Err.Error(), "later") {
			t.Errorf("%s: %v, then %v", name, first, r.Err)
		}
	}
}
