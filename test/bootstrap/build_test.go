package bootstrap

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"go.yaml.in/yaml/v3"
)

// root is the repository.
const root = "../.."

// function is what the template says of a function.
type function struct {
	folder    string // in the repository
	timeout   int    // seconds
	variables []string
}

// functions reads the functions' part of the template, by their folders' names.
func functions(t *testing.T) map[string]function {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "template.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var template struct {
		Resources map[string]struct {
			Type       string    `yaml:"Type"`
			Properties yaml.Node `yaml:"Properties"`
		} `yaml:"Resources"`
	}
	if err := yaml.Unmarshal(text, &template); err != nil {
		t.Fatal(err)
	}
	found := map[string]function{}
	for id, resource := range template.Resources {
		if resource.Type != "AWS::Serverless::Function" {
			continue
		}
		var properties struct {
			CodeURI     string `yaml:"CodeUri"`
			Timeout     int    `yaml:"Timeout"`
			Environment struct {
				Variables map[string]yaml.Node `yaml:"Variables"`
			} `yaml:"Environment"`
		}
		if err := resource.Properties.Decode(&properties); err != nil {
			t.Fatalf("%s: %v", id, err)
		}
		found[filepath.Base(properties.CodeURI)] = function{
			folder: properties.CodeURI, timeout: properties.Timeout,
			variables: slices.Sorted(maps.Keys(properties.Environment.Variables)),
		}
	}
	return found
}

// build builds all functions with SAM's flags, and gives the path of each.
func build(t *testing.T, all map[string]function) map[string]string {
	t.Helper()
	dir, binaries := t.TempDir(), map[string]string{}
	for name, f := range all {
		binaries[name] = filepath.Join(dir, name, "bootstrap")
		cmd := exec.CommandContext(t.Context(), "go", "build", "-o", binaries[name], "./"+f.folder)
		cmd.Dir = root
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-trimpath -tags=lambda.norpc '-ldflags=-s -w'")
		if said, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("building %s: %v\n%s", name, err, said)
		}
	}
	return binaries
}

// event reads a function's event from events/.
func event(t *testing.T, name string) []byte {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(root, "events", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	return content
}
