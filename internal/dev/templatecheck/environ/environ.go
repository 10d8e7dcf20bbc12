// Package environ reads from their sources which environment variables the functions load.
package environ

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// Read returns, for each folder in functions/, the environment variables that its
// main.go loads: those of the type that it passes to settings.Load, and of the types that this
// type embeds.
func Read(fsys fs.FS) (map[string][]string, error) {
	shared, err := structs(fsys, "internal/lambdaenv/settings/*.go", "settings.")
	if err != nil {
		return nil, err
	}
	mains, err := fs.Glob(fsys, "functions/*/main.go")
	if err != nil {
		return nil, err
	}
	all := map[string][]string{}
	for _, name := range mains {
		own, err := structs(fsys, name, "")
		if err != nil {
			return nil, err
		}
		loaded, err := loadedType(fsys, name)
		if err != nil {
			return nil, err
		}
		lookup := func(name string) *ast.StructType {
			if s := own[name]; s != nil {
				return s
			}
			return shared[name]
		}
		if lookup(loaded) == nil {
			return nil, fmt.Errorf("%s: the type %q that it loads was not found", name, loaded)
		}
		names := variables(loaded, lookup)
		slices.Sort(names)
		all[path.Base(path.Dir(name))] = names
	}
	return all, nil
}

// structs returns the struct types of the files that match a pattern, by name with a prefix.
func structs(fsys fs.FS, pattern, prefix string) (map[string]*ast.StructType, error) {
	files, err := fs.Glob(fsys, pattern)
	if err != nil {
		return nil, err
	}
	found := map[string]*ast.StructType{}
	for _, name := range files {
		file, err := parse(fsys, name)
		if err != nil {
			return nil, err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if spec, ok := n.(*ast.TypeSpec); ok {
				if s, ok := spec.Type.(*ast.StructType); ok {
					found[prefix+spec.Name.Name] = s
				}
			}
			return true
		})
	}
	return found, nil
}

func parse(fsys fs.FS, name string) (*ast.File, error) {
	source, err := fs.ReadFile(fsys, name)
	if err != nil {
		return nil, err
	}
	return parser.ParseFile(token.NewFileSet(), name, source, 0)
}

// loadedType returns T of the settings.Load[T] in a file.
func loadedType(fsys fs.FS, name string) (string, error) {
	file, err := parse(fsys, name)
	if err != nil {
		return "", err
	}
	loaded := ""
	ast.Inspect(file, func(n ast.Node) bool {
		if index, ok := n.(*ast.IndexExpr); ok && typeName(index.X) == "settings.Load" {
			loaded = typeName(index.Index)
		}
		return true
	})
	return loaded, nil
}

// typeName returns a name, or package.Name, as it is written.
func typeName(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return typeName(e.X) + "." + e.Sel.Name
	}
	return ""
}

// variables returns the names in the env tags of a struct type and of the structs that it
// embeds. A type names an embedded type of its own package without the package.
func variables(name string, lookup func(string) *ast.StructType) []string {
	s := lookup(name)
	if s == nil {
		return nil
	}
	home := name[:strings.LastIndex(name, ".")+1]
	var names []string
	for _, field := range s.Fields.List {
		if len(field.Names) == 0 {
			embedded := typeName(field.Type)
			if !strings.Contains(embedded, ".") {
				embedded = home + embedded
			}
			names = append(names, variables(embedded, lookup)...)
			continue
		}
		if field.Tag == nil {
			continue
		}
		if tag, err := strconv.Unquote(field.Tag.Value); err == nil {
			if variable, _, _ := strings.Cut(reflect.StructTag(tag).Get("env"), ","); variable != "" {
				names = append(names, variable)
			}
		}
	}
	return names
}
