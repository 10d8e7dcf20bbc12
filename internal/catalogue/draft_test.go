package catalogue_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/takeup/takeup/internal/catalogue"
	"github.com/takeup/takeup/internal/provider/all"
	"github.com/takeup/takeup/internal/video"
)

// wrong returns why a body's fields are refused, by field.
func wrong(t *testing.T, body string) map[string]string {
	t.Helper()
	r, err := catalogue.Parse(all.Models(), []byte(body))
	var invalid *video.InvalidRequest
	if !errors.As(err, &invalid) {
		t.Fatalf("%.200s: got %v, %v, want an InvalidRequest", body, r, err)
	}
	if len(invalid.Fields) == 0 {
		t.Fatalf("%.200s: refused without a field", body)
	}
	fields := map[string]string{}
	for _, f := range invalid.Fields {
		fields[f.Field] = f.Message
	}
	return fields
}

func canonical(t *testing.T, body string) string {
	t.Helper()
	r, err := catalogue.Parse(all.Models(), []byte(body))
	if err != nil {
		t.Fatalf("%.200s: %v", body, err)
	}
	out, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func TestEveryModelTakesAPromptAlone(t *testing.T) {
	for _, m := range catalogue.All(all.Models()) {
		t.Run(m.Name, func(t *testing.T) {
			r, err := catalogue.Parse(all.Models(), fmt.Appendf(nil, `{"model":%q,"prompt":"a boat"}`, m.Name))
			if err != nil {
				t.Fatal(err)
			}
			length, _ := m.Takes("duration")
			if want, _ := length.Default.(int); r.Model() != m.Name || r.Prompt() != "a boat" || r.Duration() != want {
				t.Errorf("got %v, want the model, the prompt and %d s", r, want)
			}
			if found, ok := all.Models().Find(m.Name); !ok || found.Name != m.Name {
				t.Errorf("FindModel gives %q, %v", found.Name, ok)
			}
		})
	}
}

func TestWhatClientsSendForAnyModel(t *testing.T) {
	for _, m := range catalogue.All(all.Models()) {
		r, err := catalogue.Parse(all.Models(), fmt.Appendf(nil, `{"model":%q,"prompt":"a boat","type":"text-to-video","external_task_id":"ours-1"}`, m.Name))
		if err != nil {
			t.Fatal(err)
		}
		plain, err := catalogue.Parse(all.Models(), fmt.Appendf(nil, `{"model":%q,"prompt":"a boat"}`, m.Name))
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Contains(r.Names(), "external_task_id") || slices.Contains(r.Names(), "type") {
			t.Errorf("%s: it keeps %v", m.Name, r.Names())
		}
		if string(r.Body()) != string(plain.Body()) || r.Hash() == plain.Hash() {
			t.Errorf("%s: the provider is sent %s", m.Name, r.Body())
		}
		if kept, err := r.MarshalJSON(); err != nil || !strings.Contains(string(kept), `"external_task_id":"ours-1"`) {
			t.Errorf("%s: kept is %s, %v", m.Name, kept, err)
		}
	}
	fields := wrong(t, `{"prompt":"a boat","type":"multi-image-to-video","external_task_id":7}`)
	if want := `is "multi-image-to-video"; it takes text-to-video alone`; fields["type"] != want {
		t.Errorf("got %q, want %q", fields["type"], want)
	}
	if want := `is 7; it takes a text of at most 255 characters`; fields["external_task_id"] != want {
		t.Errorf("got %q, want %q", fields["external_task_id"], want)
	}
}

func TestDefaults(t *testing.T) {
	want := `{"aspect_ratio":"16:9","duration":5,"model":"kling-video/v1/pro/text-to-video","prompt":"a boat"}`
	for _, body := range []string{
		`{"prompt":"a boat"}`,
		`{"prompt":"a boat","model":null,"duration":null,"cfg_scale":null,"ratio":null,"aspect_ratio":null}`,
		`{"prompt":"a boat","ratio":"16:9"}`,
		`{"prompt":"a boat","ratio":"16:9","aspect_ratio":null}`,
		`{"prompt":"a boat","ratio":"16:9","aspect_ratio":"16:9"}`,
		`{"prompt":"a boat","ratio":null,"aspect_ratio":"16:9"}`,
		`{"prompt":"a boat","duration":"5"}`,
		`{"prompt":"a boat","duration":5.0}`,
		`{"prompt":"a boat","duration":" 5 "}`,
		`{"prompt":"a boat","duration":5e0}`,
		` { "model" : "kling-video/v1/pro/text-to-video" , "prompt" : "\u0061 boat" } `,
	} {
		if got := canonical(t, body); got != want {
			t.Errorf("%s\n got %s\nwant %s", body, got, want)
		}
	}
	r, err := catalogue.OfPrompt(all.Models(), "a boat")
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := json.Marshal(r); string(got) != want {
		t.Errorf("NewRequest: got %s, want %s", got, want)
	}
}

func TestEqualRequestsHashEquallyAndOthersDont(t *testing.T) {
	hash := func(body string) string {
		r, err := catalogue.Parse(all.Models(), []byte(body))
		if err != nil {
			t.Fatal(err)
		}
		return r.Hash()
	}
	same := []string{
		`{"prompt":"a boat","cfg_scale":0.5,"duration":10}`,
		`{"duration":"10","cfg_scale":"0.50","prompt":"a boat"}`,
		`{"duration":10,"cfg_scale":5e-1,"prompt":"a boat","ratio":"16:9"}`,
	}
	for _, body := range same[1:] {
		if hash(body) != hash(same[0]) {
			t.Errorf("%s hashes otherwise than %s", body, same[0])
		}
	}
	if a, b := hash(`{"prompt":"x","cfg_scale":0}`), hash(`{"prompt":"x","cfg_scale":-0.0}`); a != b {
		t.Error("0 and -0 hash differently")
	}
	others := []string{
		same[0], `{"prompt":"a boat","cfg_scale":0.5}`, `{"prompt":"a boat ","cfg_scale":0.5,"duration":10}`,
		`{"prompt":"a boat","duration":10}`, `{"prompt":"a boat","cfg_scale":0.5,"duration":10,"ratio":"1:1"}`,
		`{"prompt":"a boat","cfg_scale":0.5,"duration":10,"model":"kling-video/v1/standard/text-to-video"}`,
	}
	seen := map[string]string{}
	for _, body := range others {
		if earlier, ok := seen[hash(body)]; ok {
			t.Errorf("%s hashes like %s", body, earlier)
		}
		seen[hash(body)] = body
	}
}

func TestLimits(t *testing.T) {
	const v16, v26, v3, turbo, master = "kling-video/v1.6/standard/text-to-video", "klingai/video-v2-6-pro-text-to-video",
		"klingai/video-v3-pro-text-to-video", "klingai/video-v3-turbo-pro-text-to-video", "klingai/v2-master-text-to-video"
	text := func(n int) string { return `"` + strings.Repeat("ü", n) + `"` }
	for _, test := range []struct {
		model, field string
		good, bad    []string
	}{
		{catalogue.Default(all.Models()), "duration", []string{"5", "10", `"10"`}, []string{"0", "4", "6", "7", "11", "5.5", `"five"`, `""`, "true", "[5]", "{}", "1e400", `"NaN"`, `"Inf"`, "-5"}},
		{v3, "duration", []string{"3", "8", "15"}, []string{"2", "16", "3.5"}},
		{catalogue.Default(all.Models()), "cfg_scale", []string{"0", "1", "0.5", `"0.3"`}, []string{"-0.01", "1.01", "2", `"much"`, "true", "[]"}},
		{catalogue.Default(all.Models()), "aspect_ratio", []string{`"16:9"`, `"9:16"`, `"1:1"`}, []string{`"4:3"`, `""`, "1", `"16:9 "`}},
		{catalogue.Default(all.Models()), "negative_prompt", []string{`""`, `"blur"`}, []string{"1", "[]", "{}", "false"}},
		{catalogue.Default(all.Models()), "camera_control", []string{`"down_back"`, `"left_turn_forward"`}, []string{`"up"`, "{}"}},
		{catalogue.Default(all.Models()), "advanced_camera_control", []string{
			`{"movement_type":"zoom","movement_value":-10}`, `{"movement_type":"pan","movement_value":10}`,
		}, []string{`"zoom"`, "[]", "3"}},
		{master, "provider", []string{`"x"`}, []string{"1"}},
		{v26, "generate_audio", []string{"true", "false"}, []string{`"true"`, "1"}},
		{v26, "prompt", []string{text(2500)}, []string{text(2501), `""`, `" \n"`, "1", "[]"}},
		{v3, "shot_type", []string{`"customize"`, `"intelligent"`}, []string{`"intelligence"`}},
		{"klingai/video-v3-omni-720p-text-to-video", "shot_type", []string{`"intelligence"`}, []string{`"smart"`}},
		{v3, "multi_prompt", []string{`["a"]`, `["a","b","c","d","e","f","g"]`}, []string{`[]`, `"a"`, "{}"}},
		{turbo, "multi_prompt", []string{
			`[{"prompt":"a"}]`, `[{"prompt":"a","duration":1},{"prompt":"b","duration":"15"}]`, `[{"prompt":` + text(3072) + `}]`,
		}, []string{`[]`, `[{"prompt":"a"},{"prompt":"a"},{"prompt":"a"},{"prompt":"a"},{"prompt":"a"},{"prompt":"a"},{"prompt":"a"}]`}},
		{turbo, "prompt", []string{text(3072)}, []string{text(3073)}},
		{v16, "provider", []string{`"kling"`}, []string{"{}"}},
	} {
		prompt := `"prompt":"a boat",`
		if test.field == "prompt" || test.field == "multi_prompt" {
			prompt = ""
		}
		body := func(value string) string {
			return fmt.Sprintf(`{"model":%q,%s%q:%s}`, test.model, prompt, test.field, value)
		}
		for _, value := range test.good {
			canonical(t, body(value))
		}
		for _, value := range test.bad {
			fields := wrong(t, body(value))
			if message, ok := fields[test.field]; !ok || len(fields) != 1 || message == "" {
				t.Errorf("%s %s %.40s: refused for %v, want for that field alone", test.model, test.field, value, fields)
			}
		}
	}
}

func TestEveryWrongFieldAtOnceWithAFix(t *testing.T) {
	fields := wrong(t, `{"promt":"secret","aspect_ratio":"16:8","duration":7,"cfg_scale":2,"negative_prompt":1,
		"advanced_camera_control":{"movement_typ":"zoom","movement_value":11},"camera_control":"left_turn_foward"}`)
	for field, says := range map[string]string{
		"promt":                                  "did you mean prompt?",
		"prompt":                                 "missing",
		"aspect_ratio":                           `is "16:8"; it takes 16:9`,
		"duration":                               "7; it takes 5 or 10",
		"cfg_scale":                              "2; it takes a number from 0 to 1",
		"camera_control":                         "did you mean left_turn_forward?",
		"advanced_camera_control.movement_typ":   "did you mean movement_type?",
		"advanced_camera_control.movement_type":  "missing",
		"advanced_camera_control.movement_value": "from -10 to 10",
		"negative_prompt":                        "it takes a text",
	} {
		if !strings.Contains(fields[field], says) {
			t.Errorf("%s: %q does not say %q", field, fields[field], says)
		}
		delete(fields, field)
	}
	if len(fields) > 0 {
		t.Errorf("also refused for %v", fields)
	}
}

func TestRefusals(t *testing.T) {
	for _, test := range []struct{ body, field, says string }{
		{`{}`, "prompt", "missing"},
		{`{"prompt":null}`, "prompt", "missing"},
		{`{"prompt":"  "}`, "prompt", "empty"},
		{`{"prompt":"x","model":"kling-video/v1/por/text-to-video"}`, "model", "did you mean kling-video/v1/pro/text-to-video?"},
		{`{"prompt":"x","model":"sora"}`, "model", "GET /models and takeup models list"},
		{`{"prompt":"x","model":3}`, "model", "as a string"},
		{`{"prompt":"x","ratio":"1:1","aspect_ratio":"16:9"}`, "ratio", "old name of aspect_ratio"},
		{`{"prompt":"x","ratio":"4:3"}`, "aspect_ratio", "16:9, 9:16 or 1:1"},
		{`{"prompt":"x","ratio":[1],"aspect_ratio":[1]}`, "aspect_ratio", "a list of 1"},
		{`{"prompt":"x","ratio":{"a":1},"aspect_ratio":{"a":1}}`, "aspect_ratio", "an object"},
		{`{"prompt":"x","generate_audio":true}`, "generate_audio", "not a field that this model takes"},
		{`{"prompt":"x","id":"other"}`, "id", "not a field"},
		{`{"prompt":"x","multi_prompt":["y"],"model":"klingai/video-v3-pro-text-to-video"}`, "multi_prompt", "give only one of them"},
		{`{"model":"klingai/video-v3-pro-text-to-video"}`, "prompt", "or in multi_prompt"},
		{`{"model":"klingai/video-v3-pro-text-to-video","multi_prompt":["a",""]}`, "multi_prompt[1]", "empty"},
		{`{"model":"klingai/video-v3-pro-text-to-video","multi_prompt":["a",null]}`, "multi_prompt[1]", "takes"},
		{`{"model":"klingai/video-v3-turbo-pro-text-to-video","multi_prompt":[{"prompt":"a","duration":16}]}`, "multi_prompt[0].duration", "1 to 15"},
		{``, "", "JSON object"},
		{`null`, "", "JSON object"},
		{`[]`, "", "JSON object"},
		{`"a boat"`, "", "JSON object"},
		{`{"prompt":"x"`, "", "line 1, column 14: it ends before the {"},
		{`{"prompt":"x"} {}`, "", "a second JSON value"},
		{`{"prompt":"x"}]`, "", "a ] too many"},
		{`{"prompt":"boat \ud83d"}`, "prompt", "half of a character"},
		{`{"prompt":"x","prompt":"y"}`, "prompt", "given twice"},
		{`{"prompt":"x","negative_prompt":" \u200b"}`, "negative_prompt", "say something, or leave it out"},
		{`{"prompt":"x","negative_prompt":"a\u0000"}`, "negative_prompt", "U+0000"},
		{`{"prompt":"x","provider":"a\ufffd","model":"klingai/v2-master-text-to-video"}`, "provider", "U+FFFD"},
		{`{"model":"klingai/video-v3-pro-text-to-video","multi_prompt":["a","b\u0007"]}`, "multi_prompt[1]", "BEL"},
		{`{"model":"klingai/video-v3-turbo-pro-text-to-video","multi_prompt":[{"prompt":"\u200b"}]}`, "multi_prompt[0].prompt", "can't be seen"},
		{"\xff\xfe{\x00}\x00", "", "looks like UTF-16"},
		{"{\"prompt\":\"\xff\"}", "", "UTF-8"},
		{`{"prompt":"` + strings.Repeat("x", video.MaxRequestBytes) + `"}`, "", "at most 65536"},
		{`{"prompt":"` + strings.Repeat("x", video.MaxRequestBytes-20) + `"}`, "", "as JSON; at most 65536"},
		{`{"prompt":"` + strings.Repeat(`\u00df`, video.MaxRequestBytes/2) + `"}`, "", "as JSON; at most 65536"},
		{strings.Repeat("[", 20000), "", "nested too deeply"},
	} {
		fields := wrong(t, test.body)
		if !strings.Contains(fields[test.field], test.says) {
			t.Errorf("%.80s: refused for %v, want %q to say %q", test.body, fields, test.field, test.says)
		}
	}
	if _, err := catalogue.OfPrompt(all.Models(), "\xff"); err == nil || !strings.Contains(err.Error(), "UTF-8") {
		t.Errorf("a prompt that isn't UTF-8: %v", err)
	}
	if _, err := catalogue.OfPrompt(all.Models(), ""); err == nil || !strings.Contains(err.Error(), "prompt is empty") {
		t.Errorf("an empty prompt: %v", err)
	}
}

func TestAMessageHasALimitedLength(t *testing.T) {
	long := strings.Repeat("é", 20000)
	for field, message := range wrong(t, `{"prompt":"x","aspect_ratio":"`+long+`","`+long+`":1,"duration":1`+strings.Repeat("0", 20000)+`}`) {
		if len(field)+len(message) > 500 {
			t.Errorf("%.20s: %d bytes of field and message", field, len(field)+len(message))
		}
	}
}

func TestAnyTextIsAPrompt(t *testing.T) {
	for _, prompt := range []string{
		`it's "quoted" $HOME \n`, "two\nlines\r\n\tand a tab", "<b>&amp;</b>", "日本語 🚣 e\u0301", "a\u2028b\u2029", "%s %d {{.}}", "-",
	} {
		r, err := catalogue.OfPrompt(all.Models(), prompt)
		if err != nil {
			t.Errorf("%q: %v", prompt, err)
			continue
		}
		out, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		var back video.Request
		if err := json.Unmarshal(out, &back); err != nil || back.Prompt() != prompt || back.Hash() != r.Hash() {
			t.Errorf("%q comes back as %q, %v", prompt, back.Prompt(), err)
		}
		if strings.Contains(fmt.Sprintf("%v %s %+v", r, r, struct{ R video.Request }{r}), prompt) && len(prompt) > 1 {
			t.Errorf("%q is printed", prompt)
		}
	}
}

// A fault in the JSON text is reported with the other faults, once per field.
func TestFaultsAmongWrongFields(t *testing.T) {
	fields := wrong(t, `{"prompt":"boat \ud83d","negative_prompt":"a\ufffd","duration":7}`)
	if len(fields) != 3 || !strings.Contains(fields["prompt"], `\ud83d`) || !strings.Contains(fields["negative_prompt"], "lost on the way") || !strings.Contains(fields["duration"], "5 or 10") {
		t.Errorf("refused for %v", fields)
	}
}

// Escapes don't count: the size of a request is that of its canonical JSON.
func TestALongRequestInEscapes(t *testing.T) {
	want := canonical(t, `{"prompt":"`+strings.Repeat("ß", 30_000)+`"}`)
	if got := canonical(t, `{"prompt":"`+strings.Repeat(`\u00df`, 30_000)+`"}`); got != want {
		t.Errorf("it became %.100s", got)
	}
}

// U+FEFF is dropped anywhere in a request.
func TestMarksAreDropped(t *testing.T) {
	want := canonical(t, `{"prompt":"a boat\na dog","duration":10,"negative_prompt":"blur"}`)
	for _, body := range []string{
		"\ufeff" + `{"prompt":"a boat\na dog","duration":10,"negative_prompt":"blur"}`,
		"\ufeff\ufeff" + `{"prompt":"a boat\n` + "\ufeff" + `a dog","duration":10,"negative_prompt":"blur"}` + "\ufeff\n",
		`{"prompt":"\ufeffa boat\n\ufeffa dog","duration":"10\ufeff","negative_prompt":"\ufeffblur","model":"\ufeff` + catalogue.Default(all.Models()) + `"}`,
	} {
		if got := canonical(t, body); got != want {
			t.Errorf("%+q\n got %s\nwant %s", body, got, want)
		}
	}
	for in, want := range map[string]string{"\ufeffa boat\r\n": "a boat", "\ufeffa\n\ufeffb\n\n": "a\nb\n", "a": "a", "": ""} {
		if got, err := catalogue.ReadPrompt([]byte(in)); err != nil || got != want {
			t.Errorf("%+q: got %q, %v", in, got, err)
		}
	}
	for _, in := range []string{"a\x00b\x00c\x00", "K\xf6ln", strings.Repeat("x", video.MaxRequestBytes+1)} {
		if got, err := catalogue.ReadPrompt([]byte(in)); err == nil {
			t.Errorf("%.20q is read as %.20q", in, got)
		}
	}
}

func TestARefusalStaysSmall(t *testing.T) {
	var body strings.Builder
	body.WriteString(`{"prompt":"x"`)
	for i := range 5000 {
		fmt.Fprintf(&body, `,"f%d":1`, i)
	}
	body.WriteString("}")
	_, err := catalogue.Parse(all.Models(), []byte(body.String()))
	var invalid *video.InvalidRequest
	if !errors.As(err, &invalid) || len(invalid.Fields) != 51 || !strings.Contains(err.Error(), "4950 more fields are wrong") {
		t.Errorf("got %.200v", err)
	}
}
