// Package metricuse reads which metrics the alarms and the dashboard of the template use.
package metricuse

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

	"github.com/takeup/takeup/internal/dev/template"
)

// Use is a metric that an alarm or a widget of the dashboard uses.
type Use struct {
	Where     string // the alarm's logical id, or the widget's title
	Namespace string
	Name      string
	// Dimensions has the values of the dimensions: a template.Ref or a template.GetAtt in an alarm,
	// a placeholder such as ${Queue.QueueName} in a widget. The value Any stands for all.
	Dimensions map[string]string
	Stat       string
}

// Any is the value of a dimension that a search leaves open.
const Any = "*"

// Of returns the metrics that the alarms and dashboards of a template use.
func Of(t *template.Template) ([]Use, error) {
	var uses []Use
	for _, id := range t.OfType("AWS::CloudWatch::Alarm") {
		uses = append(uses, OfAlarm(t, id)...)
	}
	for _, id := range t.OfType("AWS::CloudWatch::Dashboard") {
		shown, err := dashboardUses(fmt.Sprint(t.Property(id, "DashboardBody")))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", id, err)
		}
		uses = append(uses, shown...)
	}
	return uses, nil
}

// OfAlarm returns the metric of an alarm, by its logical id, or those of its expression.
func OfAlarm(t *template.Template, id string) (uses []Use) {
	of := func(metric, stat any) {
		u := Use{
			Where: id, Namespace: fmt.Sprint(template.At(metric, "Namespace")), Name: fmt.Sprint(template.At(metric, "MetricName")),
			Dimensions: map[string]string{}, Stat: fmt.Sprint(stat),
		}
		for _, d := range template.List(template.At(metric, "Dimensions")) {
			u.Dimensions[fmt.Sprint(template.At(d, "Name"))] = placeholder(template.At(d, "Value"))
		}
		uses = append(uses, u)
	}
	if t.Property(id, "MetricName") != nil {
		of(template.At(t.Section("Resources")[id], "Properties"), t.Property(id, "Statistic"))
	}
	for _, m := range template.List(t.Property(id, "Metrics")) {
		if stat := template.At(m, "MetricStat"); stat != nil {
			of(template.At(stat, "Metric"), template.At(stat, "Stat"))
		}
	}
	return uses
}

// placeholder returns a value as a Sub has it.
func placeholder(v any) string {
	switch v := v.(type) {
	case template.Ref:
		return "${" + string(v) + "}"
	case template.GetAtt:
		return "${" + string(v) + "}"
	}
	return fmt.Sprint(v)
}

// search is an expression that searches for metrics: SEARCH('{Takeup,Stack,Outcome}
// MetricName="Endings" Stack="takeup"', 'Sum', 300).
var search = regexp.MustCompile(`^SEARCH\('\{([^,}]+),([^}]+)\}((?: \w+="[^"]+")+)', '(\w+)', \d+\)$`)

// dashboardUses returns the metrics of a dashboard's widgets.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
func dashboardUses(body string) (uses []Use, err error) {
	var dashboard struct {
		Widgets []struct {
			Properties struct {
				Title, Stat string
				Metrics     [][]any
			}
		}
	}
	if err := json.Unmarshal([]byte(body), &dashboard); err != nil {
		return nil, err
	}
	for _, w := range dashboard.Widgets {
		for _, m := range w.Properties.Metrics {
			options, _ := m[len(m)-1].(map[string]any)
			if options != nil {
				m = m[:len(m)-1]
			}
			u := Use{Where: w.Properties.Title, Dimensions: map[string]string{}, Stat: w.Properties.Stat}
			if stat, ok := options["stat"].(string); ok {
				u.Stat = stat
			}
			switch expression, _ := options["expression"].(string); {
			case expression == "":
				if len(m) < 2 || len(m)%2 != 0 {
					return nil, fmt.Errorf("%s: %v is no metric", u.Where, m)
				}
				u.Namespace, u.Name = fmt.Sprint(m[0]), fmt.Sprint(m[1])
				for i := 2; i < len(m); i += 2 {
					u.Dimensions[fmt.Sprint(m[i])] = fmt.Sprint(m[i+1])
				}
			case strings.HasPrefix(expression, "SEARCH"):
				if err := u.search(expression); err != nil {
					return nil, err
				}
			default: // of metrics that the widget has
				continue
			}
			uses = append(uses, u)
		}
	}
	return uses, nil
}

// search sets the metric that an expression searches for.
func (u *Use) search(expression string) error {
	parts := search.FindStringSubmatch(expression)
	if parts == nil {
		return fmt.Errorf("%s: %q is not a search that is understood", u.Where, expression)
	}
	u.Namespace, u.Stat = parts[1], parts[4]
	for _, name := range strings.Split(parts[2], ",") {
		u.Dimensions[name] = Any
	}
	for _, term := range strings.Fields(parts[3]) {
		name, value, _ := strings.Cut(term, "=")
		if value = strings.Trim(value, `"`); name == "MetricName" {
			u.Name = value
		} else {
			u.Dimensions[name] = value
		}
	}
	return nil
}
