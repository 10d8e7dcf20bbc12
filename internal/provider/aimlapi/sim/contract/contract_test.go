package contract_test

import (
	"bytes"
	"slices"
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

func TestModels(t *testing.T) {
	models, err := contract.Models()
	if err != nil {
		t.Fatal(err)
	}
	replies, err := contract.Replies()
	if err != nil {
		t.Fatal(err)
	}
	if len(models) != 15 {
		t.Errorf("%d models, want 15", len(models))
	}
	if models[0].Name != "kling-video/v1/pro/text-to-video" {
		t.Errorf("the first is %s, want the default model", models[0].Name)
	}
	seen := map[string]bool{}
	legacy, kinds := 0, map[string]int{}
	for _, m := range models {
		if seen[m.Name] {
			t.Errorf("%s is there twice", m.Name)
		}
		seen[m.Name] = true
		if slices.Contains(m.Routes, contract.Legacy) {
			legacy++
		}
		if !slices.Contains(m.Routes, contract.Universal) {
			t.Errorf("%s is not on the universal route", m.Name)
		}
		kinds[m.Pricing.Kind]++
		for _, v := range m.Pricing.Variants {
			if len(v.When) != len(m.Pricing.Dimensions) {
				t.Errorf("%s has a variant that isn't for all of %v: %v", m.Name, m.Pricing.Dimensions, v.When)
			}
		}
		if _, ok := replies[m.Reply]; !ok {
			t.Errorf("%s has no reply schema %q", m.Name, m.Reply)
		}
		compile(t, m.Schema)
	}
	if kinds[contract.Fixed] == 0 || kinds[contract.Variants] == 0 || kinds[contract.Variable] == 0 || len(kinds) != 3 {
		t.Errorf("the kinds of pricing are %v, want all three", kinds)
	}
	if legacy != 3 {
		t.Errorf("%d models on the legacy route, want 3", legacy)
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
