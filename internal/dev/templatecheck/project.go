package templatecheck

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"strings"

	"github.com/takeup/takeup/internal/dev/template"
	"github.com/takeup/takeup/internal/dev/templatecheck/environ"
)

// Project is the project to check: the template, its state machines, and the parts of the
// repository that they name.
type Project struct {
	Template *template.Template
	// Machines are the state machines by their resource's logical id.
	Machines map[string]Machine
	// Outcomes has the names of the errors that the code returns to a state machine.
	Outcomes map[string]bool
	// Settings has the environment variables that the code of each folder in functions/ reads.
	Settings map[string][]string
	// Events has the names, without .json, of the files in events/.
	Events map[string]bool
}

// Machine is a state machine in Amazon States Language, as far as the rules read it.
// asl-validator checks its syntax.
type Machine struct {
	StartAt string
	States  map[string]State
	text    string
}

// State is a state of a Machine.
type State struct {
	Type           string
	Resource       string
	TimeoutSeconds int
	Retry          []Retrier
	Catch          []Catcher
	Choices        []Choice
	Default        string
	Next           string
	End            bool
	SecondsPath    string
	ItemProcessor  *Machine // of a Map
}

// Retrier says which errors of a task are retried.
type Retrier struct {
	ErrorEquals     []string
	IntervalSeconds int
	BackoffRate     float64
	MaxDelaySeconds int
	MaxAttempts     *int // nil means 3
	JitterStrategy  string
}

// Catcher says where an error of a task leads.
type Catcher struct {
	ErrorEquals []string
	Next        string
}

// Choice is a rule of a Choice state.
type Choice struct {
	Variable     string
	StringEquals string
	Next         string
}

// outcomesFile defines the error type of every outcome.
const outcomesFile = "internal/video/outcomes.go"

// ReadProject reads the project whose root fsys is.
func ReadProject(fsys fs.FS) (*Project, error) {
	text, err := fs.ReadFile(fsys, "template.yaml")
	if err != nil {
		return nil, err
	}
	t, err := template.Parse(text)
	if err != nil {
		return nil, err
	}
	p := &Project{Template: t, Machines: map[string]Machine{}, Events: map[string]bool{}}
	for _, id := range t.OfType("AWS::StepFunctions::StateMachine") {
		file := fmt.Sprint(t.Property(id, "DefinitionS3Location"))
		if p.Machines[id], err = readMachine(fsys, file); err != nil {
			return nil, err
		}
	}
	if p.Outcomes, err = readOutcomes(fsys); err != nil {
		return nil, err
	}
	if p.Settings, err = environ.Read(fsys); err != nil {
		return nil, err
	}
	events, err := fs.Glob(fsys, "events/*.json")
	if err != nil {
		return nil, err
	}
	for _, name := range events {
		text, err := fs.ReadFile(fsys, name)
		if err != nil {
			return nil, err
		}
		if !json.Valid(text) {
			return nil, fmt.Errorf("%s is not JSON", name)
		}
		p.Events[strings.TrimSuffix(path.Base(name), ".json")] = true
	}
	return p, nil
}

func readMachine(fsys fs.FS, file string) (Machine, error) {
	text, err := fs.ReadFile(fsys, file)
	if err != nil {
		return Machine{}, err
	}
	var m Machine
	if err := json.Unmarshal(text, &m); err != nil {
		return Machine{}, fmt.Errorf("%s: %w", file, err)
	}
	m.text = string(text)
	return m, nil
}

// readOutcomes returns the exported types of the outcomes file that are errors.
func readOutcomes(fsys fs.FS) (map[string]bool, error) {
	source, err := fs.ReadFile(fsys, outcomesFile)
	if err != nil {
		return nil, err
	}
	file, err := parser.ParseFile(token.NewFileSet(), outcomesFile, source, 0)
	if err != nil {
		return nil, err
	}
	found := map[string]bool{}
	for _, declaration := range file.Decls {
		method, ok := declaration.(*ast.FuncDecl)
		if !ok || method.Recv == nil || method.Name.Name != "Error" {
			continue
		}
		receiver := method.Recv.List[0].Type
		if pointer, ok := receiver.(*ast.StarExpr); ok {
			receiver = pointer.X
		}
		if name, ok := receiver.(*ast.Ident); ok && name.IsExported() {
			found[name.Name] = true
		}
	}
	return found, nil
}

// next returns the states that can follow a state.
func (s State) next() []string {
	var to []string
	if s.Next != "" {
		to = append(to, s.Next)
	}
	if s.Default != "" {
		to = append(to, s.Default)
	}
	for _, c := range s.Choices {
		to = append(to, c.Next)
	}
	for _, c := range s.Catch {
		to = append(to, c.Next)
	}
	return to
}

// ends reports whether an execution can end in a state.
func (s State) ends() bool { return s.End || s.Type == "Succeed" || s.Type == "Fail" }
