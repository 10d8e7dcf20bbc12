package commands

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestFind(t *testing.T) {
	found, err := Find("a.md", "Text, with `make test`.\n\n```sh\nmake up   # starts it\n\n# a comment\ncurl -d x \\\n  \"$URL\"\n```\n"+
		"```console\n$ takeup list\nno videos\n$ takeup get \\\n  x\n```\n"+
		"  ```text\nUsage:\n  takeup list\n\nExamples:\n  takeup list --all\n\nFlags:\n  --all\n  ```\n```json\n{}\n```\n")
	if err != nil {
		t.Fatal(err)
	}
	want := []Command{
		{"a.md", 4, "make up   # starts it", 1, ""}, {"a.md", 7, "curl -d x \\\n  \"$URL\"", 1, ""},
		{"a.md", 11, "takeup list", 2, "no videos\n"}, {"a.md", 13, "takeup get \\\n  x", 2, ""}, {"a.md", 21, "takeup list --all", 3, ""},
	}
	if !slices.Equal(found, want) {
		t.Errorf("found\n%q\nwant\n%q", found, want)
	}
}

func TestFindUnknownFence(t *testing.T) {
	for language, line := range map[string]string{"": "```", "shell": "```shell"} {
		_, err := Find("a.md", "\n"+line+"\nmake up\n```\n")
		var unknown *UnknownFence
		if !errors.As(err, &unknown) || *unknown != (UnknownFence{"a.md", 2, language}) {
			t.Errorf("%q: %v", line, err)
		}
	}
}

// TestDocuments fails if a fenced block of a document doesn't name its language.
func TestDocuments(t *testing.T) {
	files, err := filepath.Glob("../../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range append(files, "../../../README.md", "../../../CONTRIBUTING.md") {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		found, err := Find(file, string(text))
		if err != nil {
			t.Error(err)
		}
		if filepath.Base(file) == "README.md" && len(found) == 0 {
			t.Errorf("%s has no commands", file)
		}
	}
}
