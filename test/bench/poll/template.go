package poll

import (
	"fmt"
	"os"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/takeup/takeup/internal/schedule"
)

// Template is the part of template.yaml that the simulation uses.
type Template struct {
	Schedule schedule.Schedule // from the defaults of the parameters
	Memory   Memory
}

// Memory is the memory of the steps' functions, in GB.
type Memory struct{ Submit, Check, Store float64 }

// ReadTemplate reads the SAM template at path. The error names what is missing.
func ReadTemplate(path string) (Template, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return Template{}, err
	}
	type function struct {
		MemorySize float64 `yaml:"MemorySize"` // in MB
	}
	var read struct {
		Parameters map[string]struct {
			Default yaml.Node `yaml:"Default"`
		} `yaml:"Parameters"`
		Globals struct {
			Function function `yaml:"Function"`
		} `yaml:"Globals"`
		Resources map[string]struct {
			Properties yaml.Node `yaml:"Properties"`
		} `yaml:"Resources"`
	}
	if err := yaml.Unmarshal(text, &read); err != nil {
		return Template{}, fmt.Errorf("%s: %w", path, err)
	}
	var t Template
	for name, field := range map[string]*time.Duration{
		"FirstWaitSeconds": &t.Schedule.First, "CheckIntervalSeconds": &t.Schedule.Interval,
		"RequestGapSeconds": &t.Schedule.RequestGap, "PollWindowSeconds": &t.Schedule.PollWindow,
		"SoftDeadlineSeconds": &t.Schedule.Soft, "HardDeadlineSeconds": &t.Schedule.Hard,
	} {
		parameter, ok := read.Parameters[name]
		if !ok {
			return Template{}, fmt.Errorf("%s has no parameter %s", path, name)
		}
		var seconds int
		if err := parameter.Default.Decode(&seconds); err != nil {
			return Template{}, fmt.Errorf("%s: the default of %s: %w", path, name, err)
		}
		*field = time.Duration(seconds) * time.Second
	}
	for name, gb := range map[string]*float64{
		"SubmitFunction": &t.Memory.Submit, "CheckFunction": &t.Memory.Check, "StoreFunction": &t.Memory.Store,
	} {
		resource, ok := read.Resources[name]
		if !ok {
			return Template{}, fmt.Errorf("%s has no resource %s", path, name)
		}
		f := read.Globals.Function
		if err := resource.Properties.Decode(&f); err != nil {
			return Template{}, fmt.Errorf("%s: the properties of %s: %w", path, name, err)
		}
		if f.MemorySize <= 0 {
			return Template{}, fmt.Errorf("%s: %s has no MemorySize", path, name)
		}
		*gb = f.MemorySize / 1024
	}
	return t, nil
}
