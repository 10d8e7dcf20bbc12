package catalogue_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/takeup/takeup/internal/catalogue"
)

// Values as people write them in a flag or a cell.
func TestWritten(t *testing.T) {
	boolean, list := catalogue.Parameter{Kind: catalogue.Boolean}, catalogue.Parameter{Kind: catalogue.List}
	object, text := catalogue.Parameter{Kind: catalogue.Object}, catalogue.Parameter{Kind: catalogue.String}
	for _, test := range []struct {
		p             catalogue.Parameter
		written, want string
	}{
		{boolean, "true", `true`}, {boolean, " TRUE\ufeff", `true`}, {boolean, "0", `false`},
		{object, `{"a": 1}`, `{"a":1}`}, {object, "a=1, b = x ", `{"a":"1","b":"x"}`}, {object, "a=", `{"a":""}`},
		{list, `["a", "b"]`, `["a","b"]`}, {list, ` [{"prompt":"a","duration":3}]`, `[{"duration":3,"prompt":"a"}]`}, {list, "a boat", `"a boat"`}, {list, "", `""`},
		{text, `{"a": 1}`, `"{\"a\": 1}"`}, {text, " 5 ", `" 5 "`}, {catalogue.Parameter{Kind: catalogue.Integer}, "5", `"5"`}, {catalogue.Parameter{}, "x", `"x"`},
	} {
		got, err := test.p.Written(test.written)
		plain, _ := json.Marshal(got)
		if err != nil || string(plain) != test.want {
			t.Errorf("%s %q: got %s, %v, want %s", test.p.Kind, test.written, plain, err, test.want)
		}
	}
	for _, test := range []struct {
		p              catalogue.Parameter
		written, wants string
	}{
		{boolean, "maybe", `is "maybe"; it takes true or false`}, {boolean, "", "it takes true or false"},
		{object, "zoom", "name=value pairs"}, {object, `{"a":1,}`, "is not JSON at line 1, column 8: there is a comma"}, {object, `{"a":1,"a":2}`, "a that is given twice"}, {object, "{\"a\":\"\xff\"}", "UTF-8"},
		{list, `["a",]`, "is not JSON at line 1, column 6: there is a comma"}, {list, `["a"`, "is not JSON"}, {list, `["a"],"b":["c"]`, "more than one"}, {list, `["a"],"":["c"]`, "given twice"}, {list, "[\"a\",\n\"b\",]", "is not JSON at line 2, column 5"},
	} {
		if got, err := test.p.Written(test.written); err == nil || !strings.Contains(err.Error(), test.wants) {
			t.Errorf("%s %q: got %v, %v, want %q", test.p.Kind, test.written, got, err, test.wants)
		}
	}
}
