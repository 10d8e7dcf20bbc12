package sim_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/takeup/takeup/internal/provider/aimlapi/models"
	"github.com/takeup/takeup/internal/provider/aimlapi/sim"
	"github.com/takeup/takeup/internal/provider/aimlapi/sim/contract"
	"github.com/takeup/takeup/internal/provider/aimlapi/sim/script"
)

// refusal is the provider's error body as a client decodes it.
type refusal struct {
	Message    json.RawMessage
	Path       string
	RequestID  string
	StatusCode int
	Timestamp  time.Time
}

func TestEveryModelsSchema(t *testing.T) {
	for _, name := range (models.Catalogue{}).Names() {
		m, _ := models.Find(name)
		t.Run(m.Name, func(t *testing.T) {
			w := newWorld(t, nil)
			text, err := json.Marshal(m.Schema())
			if err != nil {
				t.Fatal(err)
			}
			var schema struct {
				Properties map[string]struct {
					Enum      []any
					Minimum   *float64
					Maximum   *float64
					MaxLength int
				}
			}
			if err := json.Unmarshal(text, &schema); err != nil {
				t.Fatal(err)
			}
			_, shots := schema.Properties["multi_prompt"]
			send := func(path string, edit map[string]any) answer {
				body := map[string]any{"model": m.Name, "prompt": "p"}
				maps.Copy(body, edit)
				text, err := json.Marshal(body)
				if err != nil {
					t.Fatal(err)
				}
				return w.call("POST", path, string(text))
			}
			for _, route := range []string{contract.Legacy, contract.Universal} {
				path, taken := contract.UniversalPath, http.StatusOK
				if route == contract.Legacy {
					path, taken = contract.LegacyPath, http.StatusCreated
				}
				if route == contract.Legacy && !m.Legacy {
					if a := send(path, nil); a.status != 400 || !strings.Contains(string(a.body), "model must be") {
						t.Errorf("%s: %d %s", route, a.status, a.body)
					}
					continue
				}
				good := []map[string]any{nil, {"unheard_of": 1}}
				for _, length := range m.Lengths() {
					good = append(good, map[string]any{"duration": fmt.Sprint(length)}, map[string]any{"duration": length})
				}
				shape, shaped := m.Takes("aspect_ratio")
				if shaped {
					good = append(good, map[string]any{"ratio": shape.Allowed[0]})
				}
				for name, p := range schema.Properties {
					if name == "type" || name == "model" {
						continue
					}
					for _, v := range p.Enum {
						good = append(good, map[string]any{name: v})
					}
					if p.MaxLength > 0 {
						good = append(good, map[string]any{name: strings.Repeat("ж", p.MaxLength)})
					}
				}
				for _, edit := range good {
					if a := send(path, edit); a.status != taken {
						t.Errorf("%s %v: %d %s", route, edit, a.status, a.body)
					}
				}
				bad := map[string]map[string]any{"prompt": {"prompt": 7}}
				if shaped {
					bad["aspect_ratio"] = map[string]any{"ratio": "4:33"}
				}
				if len(m.Lengths()) > 0 {
					bad["duration"] = map[string]any{"duration": 99}
				}
				for name, p := range schema.Properties {
					switch {
					case name == "type" || name == "external_task_id" || name == "webhook" || shaped && name == "aspect_ratio":
					case p.Maximum != nil:
						bad[name] = map[string]any{name: *p.Maximum + 1}
					case p.MaxLength > 0:
						bad[name] = map[string]any{name: strings.Repeat("ж", p.MaxLength+1)}
					case len(p.Enum) > 0 && name != "model":
						bad[name] = map[string]any{name: "nothing like it"}
					}
				}
				if shots {
					bad["either prompt or multi_prompt"] = map[string]any{"multi_prompt": []any{"a"}}
				}
				for name, edit := range bad {
					a := send(path, edit)
					var r refusal
					a.into(t, &r)
					var messages []string
					if err := json.Unmarshal(r.Message, &messages); err != nil {
						t.Fatalf("%v: %s", err, a.body)
					}
					if a.status != 400 || !slices.ContainsFunc(messages, func(s string) bool { return strings.HasPrefix(s, name) }) {
						t.Errorf("%s %v: %d %q", route, edit, a.status, messages)
					}
				}
			}
			if p, _ := m.Takes("aspect_ratio"); p.Default != nil && w.server.Ledger().Generations[0].AspectRatio != p.Default {
				t.Error("the aspect ratio is not the one by default")
			}
		})
	}
}

func TestEveryProblemIsTold(t *testing.T) {
	w := newWorld(t, nil)
	a := w.call("POST", contract.UniversalPath, `{"model":"`+v1pro+`","duration":"7","cfg_scale":-1,
		"advanced_camera_control":{"movement_type":"spin"}}`)
	var r refusal
	a.into(t, &r)
	var messages []string
	if err := json.Unmarshal(r.Message, &messages); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"advanced_camera_control.movement_type must be one of the following values: horizontal, vertical, pan, tilt, roll, zoom",
		"advanced_camera_control.movement_value should not be empty",
		"cfg_scale must not be less than 0",
		"duration must be one of the following values: 5, 10",
		"prompt should not be empty",
	}
	if !slices.Equal(messages, want) {
		t.Errorf("got %q", messages)
	}
	if r.StatusCode != 400 || r.Path != contract.UniversalPath || r.RequestID == "" || !r.Timestamp.Equal(w.clock.Now()) {
		t.Errorf("got %s", a.body)
	}
	if l := w.server.Ledger(); len(l.Generations) != 0 || len(l.Creates) != 1 || l.Creates[0].Status != 400 {
		t.Errorf("ledger %+v", l)
	}
}

func TestRefusals(t *testing.T) {
	good := `{"model":"` + v1pro + `","prompt":"p"}`
	for name, tc := range map[string]struct {
		method, target, body string
		headers              []string
		status               int
	}{
		"no key":                {"POST", contract.LegacyPath, good, []string{"Authorization", ""}, 401},
		"another scheme":        {"POST", contract.LegacyPath, good, []string{"Authorization", "Basic " + key}, 401},
		"a wrong key":           {"GET", "/v2/billing", "", []string{"Authorization", "Bearer wrong"}, 401},
		"no JSON":               {"POST", contract.LegacyPath, "{", nil, 400},
		"a list":                {"POST", contract.LegacyPath, "[]", nil, 400},
		"another type":          {"POST", contract.LegacyPath, good, []string{"Content-Type", "text/plain"}, 400},
		"a huge body":           {"POST", contract.LegacyPath, strings.Repeat(" ", 1<<20+1), nil, 413},
		"no generation id":      {"GET", contract.LegacyPath, "", nil, 400},
		"an unknown generation": {"GET", contract.LegacyPath + "?generation_id=x", "", nil, 404},
		"an unknown path":       {"GET", "/v3/video", "", nil, 404},
		"a wrong method":        {"PUT", contract.LegacyPath, good, nil, 404},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, nil)
			a := w.call(tc.method, tc.target, tc.body, tc.headers...)
			if a.status != tc.status {
				t.Errorf("status %d, want %d: %s", a.status, tc.status, a.body)
			}
			conforms(t, "error", a.body)
			if a.header.Get("X-Inference-Id") == "" {
				t.Error("no x-inference-id")
			}
			if n := len(w.server.Ledger().Generations); n != 0 {
				t.Errorf("%d generations", n)
			}
		})
	}
}

func TestClientRequestID(t *testing.T) {
	for id, taken := range map[string]bool{
		"a.1": true, "A-z_0:9.": true, strings.Repeat("x", 128): true,
		strings.Repeat("x", 129): false, "a b": false, "ключ": false, "a/b": false,
	} {
		w := newWorld(t, nil)
		want := ""
		if taken {
			want = id
		}
		a := w.call("POST", contract.LegacyPath, `{"model":"`+v1pro+`","prompt":"p"}`, "X-Client-Request-Id", id)
		if a.status != 201 || a.header.Get("X-Client-Request-Id") != want {
			t.Errorf("%q: %d, echoed %q", id, a.status, a.header.Get("X-Client-Request-Id"))
		}
		if got := w.server.Ledger().Generations[0].ClientRequestID; got != want {
			t.Errorf("%q: recorded %q", id, got)
		}
	}
}

func TestOutOfCredits(t *testing.T) {
	w := newWorld(t, func(c *sim.Config) {
		balance := 1.5
		c.Settings.BalanceUSD = &balance
	})
	w.create("a.1")
	w.clock.Move(100 * time.Second)
	a := w.call("POST", contract.LegacyPath, `{"model":"`+v1pro+`","prompt":"p"}`)
	conforms(t, "error", a.body)
	if l := w.server.Ledger(); a.status != 403 || len(l.Generations) != 1 || l.ChargedCredits != 1_960_000 {
		t.Errorf("%d, ledger %+v", a.status, l)
	}
}

func TestLimits(t *testing.T) {
	for name, tc := range map[string]struct {
		edit  func(*script.Settings)
		after time.Duration
	}{
		"rate":        {func(s *script.Settings) { s.CreatesPerMinute = 2 }, time.Minute},
		"concurrency": {func(s *script.Settings) { s.Concurrent = 2 }, 100 * time.Second},
		"told when":   {func(s *script.Settings) { s.Concurrent, s.LimitRetryAfter = 2, "7" }, 100 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, func(c *sim.Config) { tc.edit(&c.Settings) })
			w.create("a.1")
			w.create("b.1")
			a := w.call("POST", contract.LegacyPath, `{"model":"`+v1pro+`","prompt":"p"}`)
			if a.status != 429 || a.header.Get("Retry-After") != w.server.Settings().LimitRetryAfter {
				t.Errorf("%d, Retry-After %q", a.status, a.header.Get("Retry-After"))
			}
			if _, there := a.header["Retry-After"]; there != (name == "told when") {
				t.Errorf("Retry-After is there: %v", there)
			}
			conforms(t, "error", a.body)
			w.clock.Move(tc.after)
			w.create("c.1")
		})
	}
}
