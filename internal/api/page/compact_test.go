package page

import "testing"

func TestSqueeze(t *testing.T) {
	for source, want := range map[string]string{
		"  // a comment\n":                  "\n",
		"let a = 1; // it's one\n":          "let a=1;\n",
		`say("a // b");`:                    `say("a // b");`,
		"  if (a === b) return [c, d];\n":   "if(a===b)return[c,d];\n",
		`h("p", { class: "a : b" }, c);`:    `h("p",{class:"a : b"},c);`,
		`say("it's", "a \" quote , here")`:  `say("it's","a \" quote , here")`,
		"const at = `a, b`;":                "const at=`a, b`;",
		"f(`a, ${b, `c, d`} e, `, g);":      "f(`a, ${b, `c, d`} e, `,g);",
		"a = `b, ${\"}\", c} d, `;":         "a=`b, ${\"}\", c} d, `;",
		"a = `b, c;":                        "a = `b, c;",
		"  #items = new Map();":             "#a=new Map();",
		"  async #read(item) {":             "async #a(item){",
		"  return this.#read(other.#list);": "return this.#a(other.#b);",
		`find("#list, a") || this.#list;`:   `find("#list, a")||this.#a;`,
		"const at = / , /;":                 "const at = / , /;",
		"const at = ', ';":                  "const at = ', ';",
		"a + +b - -c":                       "a+ +b - -c",
	} {
		if got := string(compact([]byte(source), ".js")); got != want {
			t.Errorf("%q is served as %q, want %q", source, got, want)
		}
	}
	for source, want := range map[string]string{
		".a > .b, .c :hover { margin: 0 1px; }":        ".a>.b,.c :hover{margin:0 1px}",
		"a { margin: 0.5rem 10.5px; b: rgb(0.1); }":    "a{margin:.5rem 10.5px;b:rgb(.1)}",
		"@media (min-width: 1rem) and (hover: none) {": "@media (min-width:1rem) and (hover:none){",
		"a { b: c; } /* d, e */\n":                     "a{b:c}\n",
		"a { b: c; /* d */ }\n":                        "a{b:c;/* d */}\n",
		`p { font: 1rem "A B", serif; }`:               `p{font:1rem "A B",serif}`,
	} {
		if got := string(compact([]byte(source), ".css")); got != want {
			t.Errorf("%q is served as %q, want %q", source, got, want)
		}
	}
	for source, want := range map[string]string{
		"  <p>a, b</p>\n": "<p>a, b</p>\n",
		`<p id="a-1" class="b c" title="">"d" = "e"`:   `<p id=a-1 class="b c" title="">"d" = "e"`,
		`<circle cx="16" r="2.6"/><b id="x">`:          `<circle cx=16 r="2.6"/><b id=x>`,
		`<path d="m"/><a href="assets/a.js">&quot;</a`: `<path d="m"/><a href="assets/a.js">&quot;</a`,
	} {
		if got := string(compact([]byte(source), ".html")); got != want {
			t.Errorf("%q is served as %q, want %q", source, got, want)
		}
	}
}
