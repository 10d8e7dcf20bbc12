package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestRequest(t *testing.T) {
	const model = "kling-video/v1/pro/text-to-video"
	write := func(name, text string) string {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for _, test := range []struct {
		name    string
		args    []string
		typed   string
		want    string // JSON of the request
		printed string // what is printed first
		wrong   []string
	}{
		{
			name: "a prompt alone", args: []string{"a\n\"b\" $5 \\"},
			want: `{"aspect_ratio":"16:9","duration":5,"model":"` + model + `","prompt":"a\n\"b\" $5 \\"}`,
		},
		{
			name: "a prompt that looks like a flag", args: []string{"--", "-x"},
			want: `{"aspect_ratio":"16:9","duration":5,"model":"` + model + `","prompt":"-x"}`,
		},
		{
			name: "everything",
			args: []string{
				"p", "-m", "klingai/v2-master-text-to-video", "--duration", "10", "--aspect-ratio", "1:1", "--negative-prompt", "blur", "--cfg-scale", "0.7",
				"--camera-control", "down_back", "--advanced-camera-control", "movement_type=pan, movement_value=-3", "--provider", "x",
			},
			want: `{"advanced_camera_control":{"movement_type":"pan","movement_value":-3},"aspect_ratio":"1:1","camera_control":"down_back","cfg_scale":0.7,"duration":10,"model":"klingai/v2-master-text-to-video","negative_prompt":"blur","prompt":"p","provider":"x"}`,
		},
		{
			name: "shots", args: []string{"-m", "klingai/video-v3-pro-text-to-video", "--multi-prompt", "one, {two}", "--multi-prompt", "three", "--generate-audio", "--shot-type", "customize"},
			want: `{"aspect_ratio":"16:9","duration":5,"generate_audio":true,"model":"klingai/video-v3-pro-text-to-video","multi_prompt":["one, {two}","three"],"shot_type":"customize"}`,
		},
		{
			name: "shots with more", args: []string{"-m", "klingai/video-v3-turbo-pro-text-to-video", "--multi-prompt", "one", "--multi-prompt", `{"prompt": "two", "duration": 3}`},
			want: `{"aspect_ratio":"16:9","duration":5,"model":"klingai/video-v3-turbo-pro-text-to-video","multi_prompt":[{"prompt":"one"},{"duration":3,"prompt":"two"}]}`,
		},
		{
			name: "metadata", args: []string{"p", "--metadata", "project=boats, and more", "--metadata", "scene="},
			want: `{"aspect_ratio":"16:9","duration":5,"metadata":{"project":"boats, and more","scene":""},"model":"` + model + `","prompt":"p"}`,
		},
		{name: "a webhook", args: []string{"p", "--webhook", "https://example.com/s3cret"}, want: `{"aspect_ratio":"16:9","duration":5,"model":"` + model + `","prompt":"p","webhook":"https://example.com/s3cret"}`},
		{name: "a webhook by http", args: []string{"p", "--webhook", "http://example.com/"}, wrong: []string{"\n  webhook is not an https URL"}},
		{name: "metadata without a value", args: []string{"p", "--metadata", "boats"}, wrong: []string{"--metadata", "expected key=value, and each key once"}},
		{name: "metadata twice", args: []string{"p", "--metadata", "a=b", "--metadata", "a=c"}, wrong: []string{"expected key=value, and each key once"}},
		{name: "metadata with a wrong key", args: []string{"p", "--metadata", "a b=c"}, wrong: []string{"\n  metadata.a b can't be a key"}},
		{
			name: "no sound", args: []string{"p", "-m", "klingai/video-v3-pro-text-to-video", "--generate-audio=false", "--advanced-camera-control", `{"movement_type":"pan"}`},
			wrong: []string{"advanced_camera_control is not a field"},
		},
		{name: "a file", args: []string{"-f", write("p.txt", "\ufeffa boat\r\n")}, want: `{"aspect_ratio":"16:9","duration":5,"model":"` + model + `","prompt":"a boat"}`},
		{
			name: "a request in a file, and a flag over it", args: []string{"--file", write("p.JSON", `{"prompt":"a boat","duration":5,"cfg_scale":0.50}`), "--duration", "10"},
			want: `{"aspect_ratio":"16:9","cfg_scale":0.5,"duration":10,"model":"` + model + `","prompt":"a boat"}`,
		},
		{name: "standard input", typed: "a boat\n", want: `{"aspect_ratio":"16:9","duration":5,"model":"` + model + `","prompt":"a boat"}`},
		{name: "standard input by name", args: []string{"--file", "-"}, typed: "a boat", want: `{"aspect_ratio":"16:9","duration":5,"model":"` + model + `","prompt":"a boat"}`},
		{name: "no prompt", wrong: []string{"\n  prompt is empty"}},
		{name: "two prompts", args: []string{"a", "-f", "b"}, wrong: []string{"not both"}},
		{name: "no file", args: []string{"-f", "/nowhere.txt"}, wrong: []string{"no such file"}},
		{name: "no JSON in a file", args: []string{"-f", write("p.json", `{"prompt":"a"}}`)}, wrong: []string{"line 1, column 15: there is a } too many"}},
		{name: "too large", typed: strings.Repeat("x", 200_000), wrong: []string{"at most 65536"}},
		{name: "not UTF-8", args: []string{"a\xffb"}, wrong: []string{"prompt looks like Windows-1252"}},
		{name: "several", args: []string{"p", "--duration", "7", "--cfg-scale", "2"}, wrong: []string{"\n  duration is \"7\"", "\n  cfg_scale is \"2\""}},
		{name: "a model", args: []string{"p", "--model", "kling"}, wrong: []string{"\n  model \"kling\""}},
		{name: "no pairs", args: []string{"p", "--advanced-camera-control", "pan"}, wrong: []string{"--advanced-camera-control takes name=value pairs"}},
		{name: "no object", args: []string{"p", "--advanced-camera-control", "{pan"}, wrong: []string{"is not JSON at line 1, column 2"}},
		{name: "half a character in an object", args: []string{"p", "--advanced-camera-control", `{"movement_type":"\ud83d"}`}, wrong: []string{"movement_type that has half of a character"}},
		{name: "UTF-16", typed: "\xff\xfea\x00 \x00b\x00", wrong: []string{"prompt looks like UTF-16; save it as UTF-8"}},
		{name: "half a character in a file", args: []string{"-f", write("p.json", `{"prompt":"boat \ud83d"}`)}, wrong: []string{"prompt has half of a character, \\ud83d, at character 6"}},
		{name: "a trailing comma", args: []string{"-f", write("p.json", "{\n  \"prompt\": \"x\",\n}")}, wrong: []string{"line 3, column 1: there is a comma before the }"}},
		{name: "two files with byte order marks", typed: "\ufeffa boat\n\ufeffa dog\n", want: `{"aspect_ratio":"16:9","duration":5,"model":"` + model + `","prompt":"a boat\na dog"}`, printed: "the text has 2 lines; they are one prompt for one video\n"},
		{name: "not a boolean", args: []string{"p", "-m", "klingai/video-v3-pro-text-to-video", "--generate-audio=loud"}, wrong: []string{`is "loud"; it takes true or false`}},
	} {
		t.Run(test.name, func(t *testing.T) {
			w, f := withAPI(t)
			if test.typed != "" {
				w.Type(t, test.typed)
			}
			status := w.run(t.Context(), append([]string{"generate", "--no-wait"}, test.args...)...)
			if test.want == "" {
				if status != exitUsage || len(f.Calls()) > 0 {
					t.Errorf("got %d, with %d calls", status, len(f.Calls()))
				}
				for _, words := range test.wrong {
					if !strings.Contains(w.Err.String(), words) {
						t.Errorf("%q is not in %q", words, &w.Err)
					}
				}
				return
			}
			if status != 0 {
				t.Fatalf("got %d, %s", status, &w.Err)
			}
			if output := w.Err.String(); !strings.HasPrefix(output, test.printed) || test.printed == "" && strings.Contains(output, "lines") {
				t.Errorf("it says %q", output)
			}
			if sent, err := json.Marshal(f.Calls()[0].Body); err != nil || string(sent) != test.want {
				t.Errorf("it sent %s, want %s", sent, test.want)
			}
		})
	}
}
