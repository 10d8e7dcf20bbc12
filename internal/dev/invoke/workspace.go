package invoke

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Config configures a workspace.
type Config struct {
	// Built is the directory that sam build wrote for Architecture.
	Built        string
	Architecture string // Lambda's name of it
	// Environment has the variables of each of the stack's functions, by the function's logical
	// id.
	Environment map[string]map[string]string
	// Endpoint is the address of the stack's AWS; empty is AWS itself.
	Endpoint string
	// Relay is the built cmd/relay. It is used if an address is on this machine.
	Relay string
}

// Workspace is a directory with the files for sam local invoke.
type Workspace struct {
	Dir string
	// Ports are the ports of 127.0.0.1 on this machine that the functions call.
	Ports []int
}

// Template returns the path of the template.
func (w *Workspace) Template() string { return filepath.Join(w.Dir, "template.yaml") }

// Code returns the directory that a container mounts.
func (w *Workspace) Code() string { return filepath.Join(w.Dir, "code") }

// Event returns the path of a function's event.
func (w *Workspace) Event(name string) string { return filepath.Join(w.Dir, "events", name+".json") }

// WriteEvent writes a function's event, which may hold a token.
func (w *Workspace) WriteEvent(name string, event []byte) error {
	if err := os.WriteFile(w.Event(name), event, 0o600); err != nil {
		return fmt.Errorf("writing the event: %w", err)
	}
	return nil
}

// Prepare creates a workspace in dir for all functions of the built template. It overwrites
// existing files.
func Prepare(dir string, config Config) (*Workspace, error) {
	for _, path := range []*string{&dir, &config.Built} {
		absolute, err := filepath.Abs(*path)
		if err != nil {
			return nil, fmt.Errorf("finding %s: %w", *path, err)
		}
		*path = absolute
	}
	w := &Workspace{Dir: dir}
	if err := w.prepare(config); err != nil {
		return nil, fmt.Errorf("preparing sam local invoke: %w", err)
	}
	return w, nil
}

func (w *Workspace) prepare(config Config) error {
	text, err := os.ReadFile(filepath.Join(config.Built, "template.yaml"))
	if err != nil {
		return err
	}
	var template map[string]any
	if err := yaml.Unmarshal(text, &template); err != nil {
		return fmt.Errorf("the built template: %w", err)
	}
	for _, path := range []string{w.Dir, w.Code(), filepath.Dir(w.Event("x"))} {
		if err := os.MkdirAll(path, 0o755); err != nil {
			return err
		}
	}
	all, found := functions(template), map[int]bool{}
	for id, function := range all {
		variables := map[string]any{}
		for name, value := range config.Environment[id] {
			variables[name] = value
			note(found, value)
		}
		if config.Endpoint != "" {
			variables["AWS_ENDPOINT_URL"] = config.Endpoint
			note(found, config.Endpoint)
		}
		// SAM passes a function only the variables that the template sets.
		function["Environment"] = map[string]any{"Variables": variables}
		function["CodeUri"] = filepath.Join(config.Built, fmt.Sprint(function["CodeUri"]))
	}
	w.Ports = slices.Sorted(maps.Keys(found))
	if len(w.Ports) > 0 {
		if err := w.relayed(all, config.Relay); err != nil {
			return err
		}
	}
	if parameters, ok := template["Parameters"].(map[string]any); ok {
		if architecture, ok := parameters["Architecture"].(map[string]any); ok {
			architecture["Default"] = config.Architecture
		}
	}
	// JSON is YAML too.
	text, err = json.MarshalIndent(template, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(w.Template(), append(text, '\n'), 0o600)
}

// relayed makes the relay start the functions, from the directory of its sockets.
func (w *Workspace) relayed(all map[string]map[string]any, relay string) error {
	for id, function := range all {
		if err := copyFile(filepath.Join(fmt.Sprint(function["CodeUri"]), "bootstrap"), filepath.Join(w.Code(), id)); err != nil {
			return err
		}
		function["CodeUri"] = w.Code()
	}
	return copyFile(relay, filepath.Join(w.Code(), "bootstrap"))
}

// functions returns the properties of the template's functions, by logical id.
func functions(template map[string]any) map[string]map[string]any {
	found := map[string]map[string]any{}
	resources, _ := template["Resources"].(map[string]any)
	for id, value := range resources {
		resource, _ := value.(map[string]any)
		if properties, ok := resource["Properties"].(map[string]any); ok && resource["Type"] == "AWS::Serverless::Function" {
			found[id] = properties
		}
	}
	return found
}

// note records the port of an address on this machine.
func note(ports map[int]bool, value string) {
	u, err := url.Parse(value)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() != "127.0.0.1" && u.Hostname() != "localhost" {
		return
	}
	if port, err := strconv.Atoi(u.Port()); err == nil {
		ports[port] = true
	}
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o755)
	if err != nil {
		return err
	}
	if _, err := io.Copy(out, in); err != nil {
		return fmt.Errorf("copying %s: %w", from, err)
	}
	return out.Close()
}

// Name returns the short name of a function, such as submit, given that name or its logical id,
// such as SubmitFunction. ids are those of the template.
func Name(given string, ids []string) (string, error) {
	var names []string
	for _, id := range slices.Sorted(slices.Values(ids)) {
		name := strings.ToLower(strings.TrimSuffix(id, "Function"))
		if given == id || given == name {
			return name, nil
		}
		names = append(names, name)
	}
	return "", &NoFunction{Given: given, Names: names}
}

// logicalID returns the logical id of a function, by its short name.
func logicalID(name string) string { return strings.ToUpper(name[:1]) + name[1:] + "Function" }

// NoFunction says that the template has no such function.
type NoFunction struct {
	Given string
	Names []string
}

func (e *NoFunction) Error() string {
	is := strings.Join(e.Names, ", ")
	if e.Given == "" {
		return "no function is given; choose one of " + is
	}
	return fmt.Sprintf("there is no function %q; choose one of %s", e.Given, is)
}
