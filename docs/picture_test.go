package docs_test

import (
	"encoding/json"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// TestPicture compares the transitions of the README's picture with those of the
// state machine.
func TestPicture(t *testing.T) {
	var machine struct {
		StartAt string
		States  map[string]struct {
			Next    string
			End     bool
			Default string
			Choices []struct{ Next string }
		}
	}
	definition := read(t, filepath.Join(root, "statemachine", "text_to_video.asl.json"))
	if err := json.Unmarshal([]byte(definition), &machine); err != nil {
		t.Fatal(err)
	}
	want := map[string]bool{"[*] --> " + machine.StartAt: true}
	for name, state := range machine.States {
		for _, next := range append([]string{state.Next, state.Default}, nexts(state.Choices)...) {
			if next != "" {
				want[name+" --> "+next] = true
			}
		}
		if state.End {
			want[name+" --> [*]"] = true
		}
	}

	_, rest, _ := strings.Cut(read(t, filepath.Join(root, "README.md")), "stateDiagram-v2\n")
	picture, _, _ := strings.Cut(rest, "```")
	alias := regexp.MustCompile(`state "([^"]+)" as (\w+)`)
	names := map[string]string{}
	got := map[string]bool{}
	for line := range strings.Lines(picture) {
		line = strings.TrimSpace(line)
		if m := alias.FindStringSubmatch(line); m != nil {
			names[m[2]] = m[1]
			continue
		}
		arrow, _, _ := strings.Cut(line, ":")
		from, to, _ := strings.Cut(arrow, " --> ")
		for _, end := range []*string{&from, &to} {
			if name, ok := names[*end]; ok {
				*end = name
			}
		}
		got[from+" --> "+to] = true
	}
	if !maps.Equal(got, want) {
		t.Errorf("the README's picture has the transitions\n%s\nand the state machine\n%s", sorted(got), sorted(want))
	}
}

func nexts(choices []struct{ Next string }) []string {
	var names []string
	for _, c := range choices {
		names = append(names, c.Next)
	}
	return names
}

func sorted(set map[string]bool) string {
	return strings.Join(slices.Sorted(maps.Keys(set)), "\n")
}

// TestPaths compares the paths of api.md with those of openapi.yaml.
func TestPaths(t *testing.T) {
	var description struct {
		Paths map[string]map[string]yaml.Node `yaml:"paths"`
	}
	if err := yaml.Unmarshal([]byte(read(t, "openapi.yaml")), &description); err != nil {
		t.Fatal(err)
	}
	want := map[string]bool{}
	for path, methods := range description.Paths {
		for method := range methods {
			if slices.Contains([]string{"get", "post", "put", "patch", "delete"}, method) {
				want[strings.ToUpper(method)+" "+path] = true
			}
		}
	}
	text := read(t, "api.md")
	for _, both := range regexp.MustCompile("`POST` and `GET` of `([^`]+)` and `([^`]+)`").FindAllStringSubmatch(text, -1) {
		for _, path := range both[1:] {
			text += " `POST " + path + "` `GET " + path + "`"
		}
	}
	got := map[string]bool{}
	for _, m := range regexp.MustCompile("`((?:GET|POST|PUT|PATCH|DELETE) /[^`?]*)`").FindAllStringSubmatch(text, -1) {
		got[m[1]] = true
	}
	if !maps.Equal(got, want) {
		t.Errorf("api.md has\n%s\nand openapi.yaml\n%s", sorted(got), sorted(want))
	}
}
