package server_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"
)

// description is docs/openapi.yaml, which requests and replies are checked against. It
// records which replies it has seen.
type description struct {
	document any
	compiler *jsonschema.Compiler

	mu   sync.Mutex
	seen map[string]bool // "GET /videos 200"
}

const documentURL = "https://takeup.invalid/openapi"

// asJSON returns docs/openapi.yaml as JSON.
func asJSON(t *testing.T) []byte {
	t.Helper()
	source, err := os.ReadFile("../../../docs/openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var document any
	if err := yaml.Unmarshal(source, &document); err != nil {
		t.Fatal(err)
	}
	converted, err := json.Marshal(document)
	if err != nil {
		t.Fatal(err)
	}
	return append(converted, '\n')
}

func newDescription(t *testing.T) *description {
	t.Helper()
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(asJSON(t)))
	if err != nil {
		t.Fatal(err)
	}
	d := &description{document: document, compiler: jsonschema.NewCompiler(), seen: map[string]bool{}}
	d.compiler.AssertFormat()
	if err := d.compiler.AddResource(documentURL, document); err != nil {
		t.Fatal(err)
	}
	return d
}

// at returns the value at a JSON pointer, and the pointer where it was found after
// following references. The value is nil if there is none.
func (d *description) at(path ...string) (any, []string) {
	value := d.document
	var where []string
	for _, key := range path {
		object, _ := value.(map[string]any)
		value = object[key]
		where = append(where, key)
		if inner, ok := value.(map[string]any); ok {
			if reference, ok := inner["$ref"].(string); ok {
				value, where = d.at(strings.Split(strings.TrimPrefix(reference, "#/"), "/")...)
			}
		}
	}
	return value, where
}

func (d *description) keys(path ...string) []string {
	value, _ := d.at(path...)
	object, _ := value.(map[string]any)
	return slices.Sorted(maps.Keys(object))
}

// valid checks a value against the schema at a pointer.
func (d *description) valid(value any, path ...string) error {
	_, where := d.at(path...)
	escape := strings.NewReplacer("~", "~0", "/", "~1", "%", "%25", "{", "%7B", "}", "%7D")
	pointer := ""
	for _, key := range where {
		pointer += "/" + escape.Replace(key)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	schema, err := d.compiler.Compile(documentURL + "#" + pointer)
	if err != nil {
		return err
	}
	return schema.Validate(value)
}

// operation returns the path in the description that a request is for, and the method in
// lower case; both are empty if there is none.
func (d *description) operation(r *http.Request) (path, method string) {
	method = strings.ToLower(r.Method)
	if method == "head" {
		method = "get"
	}
	for _, path := range d.keys("paths") {
		given := strings.Split(r.URL.EscapedPath(), "/")
		parts := strings.Split(path, "/")
		if strings.HasSuffix(path, "/{name}") { // a model's name, which has slashes
			given = strings.SplitN(r.URL.EscapedPath(), "/", len(parts))
		}
		same := len(parts) == len(given)
		for i := range parts {
			same = same && (parts[i] == given[i] || strings.HasPrefix(parts[i], "{") && given[i] != "")
		}
		if operation, _ := d.at("paths", path, method); same && operation != nil {
			return path, method
		}
	}
	return "", ""
}

// hold checks a request and its reply against the description.
func (d *description) hold(t *testing.T, r *http.Request, body string, w *httptest.ResponseRecorder) {
	t.Helper()
	path, method := d.operation(r)
	if path == "" {
		d.holdOther(t, r, w)
		return
	}
	operation := []string{"paths", path, method}
	status := strconv.Itoa(w.Code)
	d.mu.Lock()
	d.seen[strings.ToUpper(method)+" "+path+" "+status] = true
	d.mu.Unlock()
	if reply, _ := d.at(append(operation, "responses", status)...); reply == nil {
		if w.Code != http.StatusInternalServerError { // a bug is in no description
			t.Errorf("%s %s is answered with %s, which is not in the description", method, path, status)
			return
		}
		d.holdBody(t, r, w, "components", "schemas", "Error")
		return
	}
	d.holdReply(t, r, w, append(operation, "responses", status)...)
	if wrong := d.wrong(r, body, path, method); (wrong != "") && w.Code < 400 {
		t.Errorf("%s %s is answered with %s, and the description refuses it: %s", method, r.URL, status, wrong)
	}
}

// holdOther checks a reply to a request that is not in the description.
func (d *description) holdOther(t *testing.T, r *http.Request, w *httptest.ResponseRecorder) {
	t.Helper()
	switch {
	case w.Code == http.StatusNotFound, w.Code == http.StatusMethodNotAllowed && w.Header().Get("Allow") != "":
		d.holdBody(t, r, w, "components", "schemas", "Error")
	case r.Method == http.MethodOptions && w.Code == http.StatusNoContent && w.Header().Get("Allow") != "" && w.Body.Len() == 0:
	default:
		t.Errorf("%s %s, which is not in the description, is answered with %d %v %s", r.Method, r.URL, w.Code, w.Header(), w.Body)
	}
}

// holdReply checks the headers, the type and the body of a reply against its description.
func (d *description) holdReply(t *testing.T, r *http.Request, w *httptest.ResponseRecorder, path ...string) {
	t.Helper()
	for _, name := range d.keys(append(path, "headers")...) {
		header, _ := d.at(append(path, "headers", name)...)
		given := w.Header().Get(name)
		if given == "" {
			if header.(map[string]any)["required"] == true || name == "X-Request-Id" {
				t.Errorf("the reply has no %s", name)
			}
			continue
		}
		var value any = given
		if n, err := strconv.Atoi(given); err == nil && d.typeOf(append(path, "headers", name)...) == "integer" {
			value = json.Number(strconv.Itoa(n))
		}
		if err := d.valid(value, append(path, "headers", name, "schema")...); err != nil {
			t.Errorf("%s is %q: %v", name, given, err)
		}
	}
	kinds := d.keys(append(path, "content")...)
	if len(kinds) == 0 {
		if w.Body.Len() > 0 {
			t.Errorf("a reply without content has the body %s", w.Body)
		}
		return
	}
	kind := w.Header().Get("Content-Type")
	if !slices.Contains(kinds, kind) {
		t.Errorf("the reply is %q, and the description has %q", kind, kinds)
		return
	}
	if kind == "application/json" {
		d.holdBody(t, r, w, append(path, "content", kind, "schema")...)
	}
}

func (d *description) typeOf(path ...string) string {
	kind, _ := d.at(append(path, "schema", "type")...)
	return fmt.Sprint(kind)
}

func (d *description) holdBody(t *testing.T, r *http.Request, w *httptest.ResponseRecorder, path ...string) {
	t.Helper()
	if r.Method == http.MethodHead {
		if w.Body.Len() > 0 {
			t.Errorf("a reply to HEAD has the body %s", w.Body)
		}
		return
	}
	body, err := jsonschema.UnmarshalJSON(bytes.NewReader(w.Body.Bytes()))
	if err != nil {
		t.Errorf("%s: %v", w.Body, err)
		return
	}
	if err := d.valid(body, path...); err != nil {
		t.Errorf("%s: %v", w.Body, err)
	}
}

// wrong says what the description refuses in a request; empty for nothing.
func (d *description) wrong(r *http.Request, body, path, method string) string {
	parameters := map[string][]string{}
	for _, at := range [][]string{{"paths", path}, {"paths", path, method}} {
		value, _ := d.at(append(at, "parameters")...)
		list, _ := value.([]any)
		for _, item := range list {
			reference, ok := item.(map[string]any)["$ref"].(string)
			if ok {
				parameters[reference] = strings.Split(strings.TrimPrefix(reference, "#/"), "/")
				continue
			}
			if said := d.wrongParameter(r, item.(map[string]any), func(value any) error { return d.inline(value, item) }); said != "" {
				return said
			}
		}
	}
	for _, where := range parameters {
		parameter, _ := d.at(where...)
		if said := d.wrongParameter(r, parameter.(map[string]any), func(value any) error { return d.valid(value, append(where, "schema")...) }); said != "" {
			return said
		}
	}
	if required, _ := d.at("paths", path, method, "requestBody", "required"); required == false && body == "" {
		return ""
	}
	if content := d.keys("paths", path, method, "requestBody", "content"); len(content) > 0 {
		value, err := jsonschema.UnmarshalJSON(strings.NewReader(body))
		if err != nil {
			return err.Error()
		}
		if err := d.valid(value, "paths", path, method, "requestBody", "content", content[0], "schema"); err != nil {
			return err.Error()
		}
	}
	return ""
}

// inline checks a value against the schema of a parameter that is not a reference.
func (d *description) inline(value, parameter any) error {
	schema, _ := parameter.(map[string]any)["schema"].(map[string]any)
	if reference, ok := schema["$ref"].(string); ok {
		return d.valid(value, strings.Split(strings.TrimPrefix(reference, "#/"), "/")...)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("https://takeup.invalid/parameter", schema); err != nil {
		return err
	}
	compiled, err := compiler.Compile("https://takeup.invalid/parameter")
	if err != nil {
		return err
	}
	return compiled.Validate(value)
}

func (d *description) wrongParameter(r *http.Request, parameter map[string]any, valid func(any) error) string {
	name := parameter["name"].(string)
	var given []string
	switch parameter["in"] {
	case "query":
		given = r.URL.Query()[name]
		for property := range exploded(r.URL.Query(), name) {
			given = append(given, property)
		}
	case "header":
		given = r.Header.Values(name)
	case "path":
		parts := strings.Split(r.URL.EscapedPath(), "/")
		id, _ := url.PathUnescape(parts[2]) // the one that there is
		given = []string{id}
	}
	if len(given) == 0 {
		if parameter["required"] == true {
			return name + " is missing"
		}
		return ""
	}
	var value any = given[0]
	if schema, ok := parameter["schema"].(map[string]any); ok {
		if schema["type"] == "object" {
			value = exploded(r.URL.Query(), name)
		}
		if n, err := strconv.Atoi(given[0]); err == nil && schema["type"] == "integer" {
			value = json.Number(strconv.Itoa(n))
		}
		if b, err := strconv.ParseBool(given[0]); err == nil && schema["type"] == "boolean" {
			value = b
		}
	}
	if err := valid(value); err != nil {
		return name + ": " + err.Error()
	}
	return ""
}

// exploded returns the query parameters whose names are a name and a dot and more, as an object.
func exploded(query url.Values, name string) map[string]any {
	object := map[string]any{}
	for key, values := range query {
		if strings.HasPrefix(key, name+".") {
			object[key] = values[0]
		}
	}
	return object
}

// missing lists the replies in the description that were not seen.
func (d *description) missing() []string {
	var missing []string
	for _, path := range d.keys("paths") {
		for _, method := range d.keys("paths", path) {
			for _, status := range d.keys("paths", path, method, "responses") {
				if name := strings.ToUpper(method) + " " + path + " " + status; !d.seen[name] {
					missing = append(missing, name)
				}
			}
		}
	}
	return missing
}
