package metrics

import (
	"encoding/json"
	"io"
	"slices"
	"time"
)

// Value is a value of a metric.
type Value struct {
	Name Name
	Of   string // the value of the dimension, if the metric has one
	N    float64
}

// Meter writes the values of a stack. It is safe for concurrent use if Out is.
type Meter struct {
	Out   io.Writer // the function's log
	Stack string
	Now   func() time.Time
}

// directive says which of a line's values are metrics, with which dimensions.
type directive struct {
	Namespace  string
	Dimensions [][]string
	Metrics    []definition
}

type definition struct {
	Name Name
	Unit Unit
}

// line is a line that is being made.
type line struct {
	fields     map[string]any // the dimensions and the values
	directives []directive
}

// Emit writes values, in as few lines as the format allows: a line has one value of a metric. The error is an *Unknown, after the other values are written, or one of Out.
func (m Meter) Emit(values ...Value) error {
	var lines []*line
	var unknown error
	for _, v := range values {
		metric, known := Of(v.Name)
		if !known || (metric.Dimension != "") != (v.Of != "") || v.Of != "" && !slices.Contains(metric.Values, v.Of) {
			unknown = &Unknown{Name: v.Name, Of: v.Of}
			continue
		}
		i := slices.IndexFunc(lines, func(l *line) bool { return l.fields[string(v.Name)] == nil })
		if i < 0 {
			i, lines = len(lines), append(lines, &line{fields: map[string]any{"msg": "metrics", StackDimension: m.Stack}})
		}
		lines[i].add(metric, v)
	}
	for _, l := range lines {
		if err := m.write(l); err != nil {
			return err
		}
	}
	return unknown
}

func (l *line) add(metric Metric, v Value) {
	l.fields[string(v.Name)] = v.N
	dimensions := []string{StackDimension}
	if metric.Dimension != "" {
		l.fields[metric.Dimension] = v.Of
		dimensions = append(dimensions, metric.Dimension)
	}
	i := slices.IndexFunc(l.directives, func(d directive) bool { return slices.Equal(d.Dimensions[0], dimensions) })
	if i < 0 {
		i, l.directives = len(l.directives), append(l.directives, directive{Namespace: Namespace, Dimensions: [][]string{dimensions}})
	}
	l.directives[i].Metrics = append(l.directives[i].Metrics, definition{v.Name, metric.Unit})
}

// write writes a line.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
func (m Meter) write(l *line) error {
	l.fields["_aws"] = map[string]any{"Timestamp": m.Now().UnixMilli(), "CloudWatchMetrics": l.directives}
	text, err := json.Marshal(l.fields)
	if err != nil {
		return err
	}
	_, err = m.Out.Write(append(text, '\n'))
	return err
}
