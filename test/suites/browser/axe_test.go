package browser

import (
	"fmt"
	"os"
	"strings"

	"github.com/chromedp/chromedp"
)

// axeFile is installed by make.
const axeFile = "../../../tools/axe/node_modules/axe-core/axe.min.js"

// violation is a problem that axe-core found, and where.
type violation struct {
	ID    string `json:"id"`
	Help  string `json:"help"`
	Nodes []struct {
		Target  []any  `json:"target"`
		Summary string `json:"failureSummary"`
	} `json:"nodes"`
}

// accessible fails the test for every violation that axe-core finds in the current view. All its
// rules apply, best practices included.
func (p *tab) accessible(state string) {
	p.Helper()
	source, err := os.ReadFile(axeFile)
	if err != nil {
		p.Fatalf("axe-core is not installed: run make tools: %v", err)
	}
	// The debugger injects it, since the page's content security policy doesn't bind the
	// debugger.
	p.do(chromedp.Evaluate[chromedp.Void](string(source) + ";undefined"))
	result := eval[struct {
		Violations []violation `json:"violations"`
		Passes     []struct{}  `json:"passes"`
	}](p, "axe.run(document, {resultTypes: ['violations', 'passes']})")
	if len(result.Passes) == 0 {
		p.Errorf("%s: axe-core looked at nothing", state)
	}
	for _, v := range result.Violations {
		var where strings.Builder
		for _, node := range v.Nodes {
			fmt.Fprintf(&where, "\n  %v: %s", node.Target, node.Summary)
		}
		p.Errorf("%s: %s: %s%s", state, v.ID, v.Help, &where)
	}
}
