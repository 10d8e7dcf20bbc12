package template

import "fmt"

// Environment returns the variables that the template gives a function, by its logical id. A
// parameter without a value has its default.
func (t *Template) Environment(id string, values Values) (map[string]string, error) {
	resolver := t.With(values)
	variables, _ := t.Property(id, "Environment", "Variables").(map[string]any)
	env := map[string]string{}
	for name, v := range variables {
		text, there, err := resolver.Text(v)
		if err != nil {
			return nil, fmt.Errorf("%s: %s: %w", id, name, err)
		}
		if there {
			env[name] = text
		}
	}
	return env, nil
}

// Timeout returns a function's timeout in seconds, by its logical id, or 0 if the template sets
// none.
func (t *Template) Timeout(id string) int {
	seconds, _ := t.Property(id, "Timeout").(int)
	return seconds
}

// Folder returns the directory from which a function is built, by its logical id, or "" if the
// template sets none.
func (t *Template) Folder(id string) string {
	folder, _ := t.Property(id, "CodeUri").(string)
	return folder
}
