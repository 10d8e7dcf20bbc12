package page

import "testing"

func TestSqueeze(t *testing.T) {
	for source, want := range map[string]string{
		"  // a comment\n":                 "\n",
		"  if (a === b) return [c, d];\n":  "if(a===b)return[c,d];\n",
		`h("p", { class: "a : b" }, c);`:   `h("p",{class:"a : b"},c);`,
		`say("it's", "a \" quote , here")`: `say("it's","a \" quote , here")`,
		"const at = `a, b`;":               "const at = `a, b`;",
		"const at = / , /;":                "const at = / , /;",
		"const at = ', ';":                 "const at = ', ';",
		"a + +b - -c":                      "a + +b - -c",
	} {
		if got := string(compact([]byte(source), ".js")); got != want {
			t.Errorf("%q is served as %q, want %q", source, got, want)
		}
	}
	for source, want := range map[string]string{
		".a > .b, .c :hover { margin: 0 1px; }":        ".a > .b,.c :hover{margin:0 1px;}",
		"@media (min-width: 1rem) and (hover: none) {": "@media (min-width:1rem) and (hover:none){",
		`p { font: 1rem "A B", serif; }`:               `p{font:1rem "A B",serif;}`,
	} {
		if got := string(compact([]byte(source), ".css")); got != want {
			t.Errorf("%q is served as %q, want %q", source, got, want)
		}
	}
	if got := string(compact([]byte("  <p>a, b</p>\n"), ".html")); got != "<p>a, b</p>\n" {
		t.Errorf("HTML is served as %q", got)
	}
}
