// Package template reads the SAM template: its sections, the values of its references in a
// deployed stack, and the answers of API Gateway that it defines. Package policy reads what the
// template permits, and package templatecheck checks it against the project. It is for the local
// stack and for tests: nothing that is deployed needs it.
package template

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Ref is !Ref: the name of a parameter, a resource or a pseudo parameter.
type Ref string

// GetAtt is !GetAtt: Resource.Attribute.
type GetAtt string

// NoValue is the Ref that omits a property.
const NoValue = Ref("AWS::NoValue")

// Sub is !Sub in its short form: a text with ${Name} and ${Resource.Attribute}.
type Sub string

// Function is any other intrinsic function, such as !If, with its arguments.
type Function struct {
	Name string
	Args any
}

// Template is a SAM template. A value in it is a map[string]any, an []any, a string, a number, a
// boolean, or one of Ref, GetAtt, Sub and Function.
type Template struct {
	// Root is the whole template.
	Root map[string]any
	// Node is the template as YAML, with its comments.
	Node *yaml.Node
}

// Parse parses a template. Its error names the line that it can't parse.
func Parse(text []byte) (*Template, error) {
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil {
		return nil, fmt.Errorf("template: %w", err)
	}
	if len(document.Content) != 1 {
		return nil, fmt.Errorf("template: there is no document in it")
	}
	value, err := value(document.Content[0])
	if err != nil {
		return nil, err
	}
	root, ok := value.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("template: it is not a mapping")
	}
	return &Template{Root: root, Node: document.Content[0]}, nil
}

func value(n *yaml.Node) (any, error) {
	if n.Kind == yaml.AliasNode {
		return value(n.Alias)
	}
	switch n.Tag {
	case "!Ref":
		return Ref(n.Value), nil
	case "!GetAtt":
		return GetAtt(n.Value), nil
	case "!Sub":
		if n.Kind != yaml.ScalarNode {
			return nil, fmt.Errorf("template: line %d: !Sub with a list is not supported; use its short form", n.Line)
		}
		return Sub(n.Value), nil
	}
	content, err := plain(n)
	if err != nil {
		return nil, err
	}
	if name, own := strings.CutPrefix(n.Tag, "!"); own && !strings.HasPrefix(name, "!") {
		return Function{Name: name, Args: content}, nil
	}
	return content, nil
}

func plain(n *yaml.Node) (any, error) {
	switch n.Kind {
	case yaml.MappingNode:
		out := map[string]any{}
		for i := 0; i < len(n.Content); i += 2 {
			item, err := value(n.Content[i+1])
			if err != nil {
				return nil, err
			}
			out[n.Content[i].Value] = item
		}
		return out, nil
	case yaml.SequenceNode:
		out := make([]any, 0, len(n.Content))
		for _, child := range n.Content {
			item, err := value(child)
			if err != nil {
				return nil, err
			}
			out = append(out, item)
		}
		return out, nil
	case yaml.ScalarNode:
		if strings.HasPrefix(n.Tag, "!") && !strings.HasPrefix(n.Tag, "!!") {
			return n.Value, nil
		}
		var out any
		if err := n.Decode(&out); err != nil {
			return nil, fmt.Errorf("template: line %d: %w", n.Line, err)
		}
		return out, nil
	}
	return nil, fmt.Errorf("template: line %d: this kind of node is not supported", n.Line)
}

// At returns the value at a path of keys, or nil if there is none.
func At(v any, path ...string) any {
	for _, key := range path {
		m, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = m[key]
	}
	return v
}

// Section returns a top-level section, such as Parameters.
func (t *Template) Section(name string) map[string]any {
	m, _ := t.Root[name].(map[string]any)
	return m
}

// OfType returns the logical ids of the resources of a type, sorted.
func (t *Template) OfType(kind string) []string {
	var ids []string
	for id, resource := range t.Section("Resources") {
		if At(resource, "Type") == kind {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// Property returns a resource's property, or nil if it has none.
func (t *Template) Property(id string, path ...string) any {
	return At(t.Section("Resources")[id], append([]string{"Properties"}, path...)...)
}

// Functions returns the logical ids of the Lambda functions, sorted.
func (t *Template) Functions() []string { return t.OfType("AWS::Serverless::Function") }

// InlinePolicies returns the policy documents of a role of the template, including those that
// depend on a condition.
func (t *Template) InlinePolicies(role string) []any {
	var documents []any
	walk(t.Property(role, "Policies"), func(v any) {
		if document := At(v, "PolicyDocument"); document != nil {
			documents = append(documents, document)
		}
	})
	return documents
}

// walk calls visit for a value and for everything in it.
func walk(v any, visit func(any)) {
	visit(v)
	switch v := v.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			walk(v[key], visit)
		}
	case []any:
		for _, item := range v {
			walk(item, visit)
		}
	case Function:
		walk(v.Args, visit)
	}
}

// References returns what a value refers to, as Name or Resource.Attribute, sorted and without
// duplicates.
func References(v any) []string {
	found := map[string]bool{}
	walk(v, func(item any) {
		switch item := item.(type) {
		case Ref:
			found[string(item)] = true
		case GetAtt:
			found[string(item)] = true
		case Sub:
			for _, name := range Placeholders(string(item)) {
				found[name] = true
			}
		}
	})
	return slices.Sorted(maps.Keys(found))
}

// Placeholders returns the names of the ${Name} in a text, in order.
func Placeholders(text string) []string {
	var names []string
	for {
		_, rest, found := strings.Cut(text, "${")
		if !found {
			return names
		}
		name, after, closed := strings.Cut(rest, "}")
		if !closed {
			return names
		}
		names, text = append(names, name), after
	}
}

// List returns a value as a list: the value itself, or a list with the value as its only item.
func List(v any) []any {
	switch v := v.(type) {
	case nil:
		return nil
	case []any:
		return v
	}
	return []any{v}
}

// Child returns the node at a path of keys, or nil if there is none.
func Child(n *yaml.Node, path ...string) *yaml.Node {
	for _, key := range path {
		if n == nil || n.Kind != yaml.MappingNode {
			return nil
		}
		var next *yaml.Node
		for i := 0; i < len(n.Content); i += 2 {
			if n.Content[i].Value == key {
				next = n.Content[i+1]
			}
		}
		n = next
	}
	return n
}
