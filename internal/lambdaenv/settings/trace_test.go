package settings_test

import (
	"bytes"
	"context"
	"encoding/json"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/takeup/takeup/internal/lambdaenv/settings"
)

// invocation is the context of an invocation with a trace header.
type invocation struct {
	context.Context
	header any
}

func (i invocation) Value(key any) any {
	if key == "x-amzn-trace-id" {
		return i.header
	}
	return i.Context.Value(key)
}

// A line has the id of the trace if X-Ray records the invocation, whatever else is in the header.
func TestTraceID(t *testing.T) {
	const id = "1-5759e988-bd862e3fe1be46a994272793"
	for name, test := range map[string]struct {
		header any
		want   any
	}{
		"recorded":         {"Root=" + id + ";Parent=53995c3f42cd8ad8;Sampled=1", id},
		"in another order": {"Sampled=1;Root=" + id + ";Lineage=a87bd80c:1|68fd508a:5", id},
		"not recorded":     {"Root=" + id + ";Parent=53995c3f42cd8ad8;Sampled=0", nil},
		"undecided":        {"Root=" + id, nil},
		"without a root":   {"Sampled=1", nil},
		"empty":            {"", nil},
		"none":             {nil, nil},
	} {
		var out bytes.Buffer
		_, _, log := settings.Must(&out, func() (struct{}, aws.Config, error) { return struct{}{}, aws.Config{}, nil })
		log.With("step", "submit").InfoContext(invocation{t.Context(), test.header}, "stored")
		var line map[string]any
		if err := json.Unmarshal(out.Bytes(), &line); err != nil || line["xray_trace_id"] != test.want || line["step"] != "submit" {
			t.Errorf("%s: %s, %v", name, &out, err)
		}
		out.Reset()
		log.WithGroup("job").InfoContext(invocation{t.Context(), test.header}, "stored", "id", "a")
		if test.want != nil && !bytes.Contains(out.Bytes(), []byte(id)) {
			t.Errorf("%s, in a group: %s", name, &out)
		}
	}
}
