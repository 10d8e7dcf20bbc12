package apitest

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"
)

// description is docs/openapi.yaml. Since it is OpenAPI 3.1, its schemas are JSON Schemas.
type description struct {
	document map[string]any
	compiler *jsonschema.Compiler
}

const address = "file:///openapi.json"

func describe(t testing.TB, path string) *description {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var document map[string]any
	if err := yaml.Unmarshal(text, &document); err != nil {
		t.Fatal(err)
	}
	d := &description{document: document, compiler: jsonschema.NewCompiler()}
	d.compiler.DefaultDraft(jsonschema.Draft2020)
	d.compiler.AssertFormat()
	if err := d.compiler.AddResource(address, document); err != nil {
		t.Fatal(err)
	}
	return d
}

// hold returns an error if a reply is not as described.
func (d *description) hold(path, method string, status int, body []byte) error {
	at := "/" + strings.Join([]string{"paths", escape(path), strings.ToLower(method), "responses", strconv.Itoa(status)}, "/")
	response, err := d.find(at)
	if err != nil {
		return err
	}
	if reference, ok := response["$ref"].(string); ok {
		at = strings.TrimPrefix(reference, "#")
	}
	schema, err := d.compiler.Compile(address + "#" + at + "/content/application~1json/schema")
	if err != nil {
		return err
	}
	reply, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		return err
	}
	return schema.Validate(reply)
}

func (d *description) find(pointer string) (map[string]any, error) {
	at := d.document
	for name := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		next, ok := at[unescape(name)].(map[string]any)
		if !ok {
			return nil, fmt.Errorf("there is no %s in %s", name, pointer)
		}
		at = next
	}
	return at, nil
}

func escape(name string) string {
	return strings.ReplaceAll(strings.ReplaceAll(name, "~", "~0"), "/", "~1")
}

func unescape(name string) string {
	return strings.ReplaceAll(strings.ReplaceAll(name, "~1", "/"), "~0", "~")
}
