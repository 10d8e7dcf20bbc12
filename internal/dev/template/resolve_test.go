package template

import (
	"strings"
	"testing"
)

func TestExists(t *testing.T) {
	parsed, err := Parse([]byte(`
Parameters:
  Key: { Type: String, Default: "" }
  Most: { Type: Number, Default: 0 }
  Other: { Type: String }
Conditions:
  OwnKey: !Not [!Equals [!Ref Key, ""]]
  Limited: !Not [!Equals [!Ref Most, 0]]
  Both: !And [!Condition OwnKey, !Condition Limited]
  NoValue: !Equals [!Ref Other, a]
Resources:
  Always: { Type: A }
  Grant: { Type: A, Condition: OwnKey }
  Limit: { Type: A, Condition: Limited }
  Pair: { Type: A, Condition: Both }
  Lost: { Type: A, Condition: Gone }
  Open: { Type: A, Condition: NoValue }
`))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		id     string
		values Values
		want   bool
		err    string
	}{
		{"Always", nil, true, ""},
		{"Grant", nil, false, ""},
		{"Grant", Values{"Key": "arn:aws:kms:…"}, true, ""},
		{"Limit", nil, false, ""},
		{"Limit", Values{"Most": "5"}, true, ""},
		{"Pair", nil, false, ""},
		{"Pair", Values{"Key": "a", "Most": "5"}, true, ""},
		{"Lost", nil, false, "no condition Gone"},
		{"Open", nil, false, "no value for Other"},
	} {
		got, err := parsed.With(c.values).Exists(c.id)
		if got != c.want || (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%s with %v: got %v, %v", c.id, c.values, got, err)
		}
	}
}

func TestAlias(t *testing.T) {
	parsed, err := Parse([]byte("Resources:\n  A: &a { Type: X }\n  B: *a\n"))
	if err != nil {
		t.Fatal(err)
	}
	if got := parsed.OfType("X"); len(got) != 2 {
		t.Errorf("an alias is not what it stands for: %v", got)
	}
}
