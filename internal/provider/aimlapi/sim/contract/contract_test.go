package contract_test

import (
	"bytes"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/takeup/takeup/internal/provider/aimlapi/sim/contract"
)

func compile(t *testing.T, raw []byte) {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("https://contract.invalid/x", doc); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Compile("https://contract.invalid/x"); err != nil {
		t.Fatal(err)
	}
}

func TestReplies(t *testing.T) {
	replies, err := contract.Replies()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"generation", "generation_listed", "logs", "billing", "transactions", "balance", "metrics", "models", "error"} {
		raw, ok := replies[name]
		if !ok {
			t.Errorf("no schema %s", name)
			continue
		}
		compile(t, raw)
	}
}
