package stack

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzParametersFile compares the file with SAM's parser, which is its
// CfnParameterOverridesType: it removes a pair of quotes around a value, and then replaces "\ ",
// "\"" and "\'", in that order.
func FuzzParametersFile(f *testing.F) {
	for _, value := range []string{"", "plain", `"quoted"`, `'q`, `a b`, `\`, `\ `, `\"`, `\\" '`, "a\nb", "ключ", `\\ "`} {
		f.Add(value)
	}
	f.Fuzz(func(t *testing.T, value string) {
		if !utf8.ValidString(value) {
			return // JSON can't represent it
		}
		file, err := parametersFile(map[string]string{"P": value})
		if err != nil {
			t.Fatal(err)
		}
		var read map[string]string
		if err := json.Unmarshal(file, &read); err != nil {
			t.Fatal(err)
		}
		got := read["P"]
		if first := got[:1]; first == got[len(got)-1:] && strings.Contains(`"'`, first) {
			got = got[1 : len(got)-1]
		}
		for _, pair := range [][2]string{{`\ `, ` `}, {`\"`, `"`}, {`\'`, `'`}} {
			got = strings.ReplaceAll(got, pair[0], pair[1])
		}
		if got != value {
			t.Errorf("SAM reads %q, want %q", got, value)
		}
	})
}
