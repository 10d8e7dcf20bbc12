// Package docs_test compares the documents with what they describe: the generated
// tables, the state machine's picture, the API's paths, and every file, test and make
// target that they name.
package docs_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/takeup/takeup/internal/catalogue"
	"github.com/takeup/takeup/internal/dev/template"
	"github.com/takeup/takeup/internal/dev/template/metricuse"
	"github.com/takeup/takeup/internal/metrics"
	"github.com/takeup/takeup/internal/provider/all"
	"github.com/takeup/takeup/internal/schedule/cost"
	"github.com/takeup/takeup/internal/video"
)

var update = flag.Bool("update", false, "write the generated tables")

func TestModels(t *testing.T) {
	var b strings.Builder
	b.WriteString("| model | prompt | duration | takes also |\n|---|---|---|---|\n")
	for _, m := range catalogue.All(all.Models()) {
		prompt, duration, rest := "", "", []string{}
		for _, p := range m.Parameters {
			switch p.Name {
			case "prompt":
				prompt = "`prompt`"
				if p.MaxLength > 0 {
					prompt += fmt.Sprintf(" (≤ %d)", p.MaxLength)
				}
			case "multi_prompt":
				prompt += " or `multi_prompt`"
			case "duration":
				duration = fmt.Sprintf("%g–%g", p.Min, p.Max)
				if len(p.Allowed) > 0 {
					duration = strings.Join(p.Allowed, ", ")
				}
			default:
				rest = append(rest, "`"+p.Name+"`")
			}
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", m.Name, prompt, duration, strings.Join(rest, " "))
	}
	compare(t, "models.md", "models", b.String())
}

func TestSettings(t *testing.T) {
	data, err := os.ReadFile("../template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var settings struct {
		Parameters yaml.Node `yaml:"Parameters"`
	}
	if err := yaml.Unmarshal(data, &settings); err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	b.WriteString("| parameter | default | what |\n|---|---|---|\n")
	for i := 0; i < len(settings.Parameters.Content); i += 2 {
		var p struct {
			Default     *string `yaml:"Default"`
			Description string  `yaml:"Description"`
		}
		if err := settings.Parameters.Content[i+1].Decode(&p); err != nil {
			t.Fatal(err)
		}
		value := "none: it is asked for"
		switch {
		case p.Default != nil && *p.Default == "":
			value = "none"
		case p.Default != nil:
			value = "`" + *p.Default + "`"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", settings.Parameters.Content[i].Value, value, strings.ReplaceAll(p.Description, "|", `\|`))
	}
	compare(t, "settings.md", "settings", b.String())
}

func TestOutcomes(t *testing.T) {
	var b strings.Builder
	b.WriteString("| outcome | meaning | paid? | what to do |\n|---|---|---|---|\n")
	for _, e := range video.Outcomes() {
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", e.Name, e.Meaning, e.Paid, e.Advice)
	}
	compare(t, "outcomes.md", "outcomes", b.String())
	page, err := os.ReadFile("operations.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range video.Outcomes() {
		if !strings.Contains(string(page), "\n| `"+e.Name+"` |") {
			t.Errorf("docs/operations.md has no row for %s", e.Name)
		}
	}
}

func TestMetrics(t *testing.T) {
	var b strings.Builder
	b.WriteString("| metric | unit | by | what |\n|---|---|---|---|\n")
	size := 0
	for _, m := range metrics.Table() {
		size += m.Size()
		name := "`" + string(m.Name) + "`"
		if m.Dimension != "" {
			name += fmt.Sprintf(" by `%s` (%d)", m.Dimension, m.Size())
		}
		fmt.Fprintf(&b, "| %s | %s | `%s` | %s |\n", name, strings.Replace(string(m.Unit), "None", "USD", 1), m.By, m.Meaning)
	}
	compare(t, "operations.md", "metrics", b.String())
	compare(t, "cost.md", "metrics cost", fmt.Sprintf("The stack has %d [metrics](operations.md#metrics) in CloudWatch, at most %d. One costs %.2f USD a month, and only the hours in which it has a value: %.2f USD at the most.\n",
		size, metrics.Most, cost.Metric, float64(size)*cost.Metric))
}

// Each alarm and each queue of the template is explained to the operator.
func TestAlarmsAndQueues(t *testing.T) {
	data, err := os.ReadFile("../template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile("operations.md")
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := template.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range []string{"AWS::CloudWatch::Alarm", "AWS::SQS::Queue"} {
		for _, id := range parsed.OfType(kind) {
			if !strings.Contains(string(page), "\n| `"+id+"` |") {
				t.Errorf("docs/operations.md has no row for %s", id)
			}
		}
	}
	compare(t, "cost.md", "alarms cost", fmt.Sprintf("With a topic it has %d alarms, at %.2f USD a month for each metric that one looks at: %.2f USD. The dashboard is free for an account's first three, and %.2f USD a month from then on.\n",
		len(parsed.OfType("AWS::CloudWatch::Alarm")), cost.Alarm, cost.Alarm*float64(alarmed(t, parsed)), cost.Dashboard))
}

// alarmed returns how many metrics the alarms look at.
func alarmed(t *testing.T, parsed *template.Template) int {
	t.Helper()
	uses, err := metricuse.Of(parsed)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, u := range uses {
		if strings.HasSuffix(u.Where, "Alarm") {
			n++
		}
	}
	return n
}

// compare compares the table between a pair of marks in a document with what it
// should be, and writes it with -update.
func compare(t *testing.T, path, mark, want string) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(data), "<!-- "+mark+" -->\n")
	got, after, closed := strings.Cut(rest, "<!-- end of "+mark+" -->\n")
	if !ok || !closed {
		t.Fatalf("%s has no marks for the table of %s", path, mark)
	}
	if got == want {
		return
	}
	if !*update {
		t.Errorf("the table of %s in docs/%s differs from the code; run go test ./docs -update", mark, path)
		return
	}
	text := before + "<!-- " + mark + " -->\n" + want + "<!-- end of " + mark + " -->\n" + after
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
