package docs_test

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The bounds of a package's lines outside its tests. Below the least, its doc comment says why it
// is "a package of its own".
const (
	mostLines  = 1500
	leastLines = 60
	itsOwn     = "a package of its own"
)

// goPackage is what a folder has outside its tests.
type goPackage struct {
	name, doc string
	lines     int
	declares  bool // other than imports
}

// TestSizes bounds the packages of both modules: one has a single purpose that can be read at a
// sitting, and is no file in disguise. A program's main may be as short as it likes, and so may
// the doc comment of a folder of tests.
func TestSizes(t *testing.T) {
	packages := map[string]*goPackage{}
	for _, dir := range []string{"cmd", "docs", "functions", "internal", "test"} {
		err := fs.WalkDir(os.DirFS(root), dir, func(path string, entry fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case entry.IsDir() && (entry.Name() == "testdata" || entry.Name() == "node_modules"):
				return fs.SkipDir
			case entry.IsDir() || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go"):
				return nil
			}
			in := filepath.Dir(path)
			if packages[in] == nil {
				packages[in] = &goPackage{}
			}
			packages[in].add(t, path)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(packages) < 100 {
		t.Fatalf("found only %d packages", len(packages))
	}
	for path, p := range packages {
		if p.lines > mostLines {
			t.Errorf("%s has %d lines outside its tests; split it where it has two purposes, so that it has at most %d", path, p.lines, mostLines)
		}
		short := p.lines < leastLines && p.declares && p.name != "main"
		if doc := strings.Join(strings.Fields(p.doc), " "); short && !strings.Contains(doc, itsOwn) {
			t.Errorf("%s has %d lines; say in its doc comment why it is %s, or move what it has to its only user", path, p.lines, itsOwn)
		}
	}
}

// add adds a file to its package.
func (p *goPackage) add(t *testing.T, path string) {
	t.Helper()
	source, err := os.ReadFile(filepath.Join(root, path))
	if err != nil {
		t.Fatal(err)
	}
	file, err := parser.ParseFile(token.NewFileSet(), path, source, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	p.name, p.doc, p.lines = file.Name.Name, p.doc+file.Doc.Text(), p.lines+bytes.Count(source, []byte("\n"))
	for _, d := range file.Decls {
		if general, ok := d.(*ast.GenDecl); !ok || general.Tok != token.IMPORT {
			p.declares = true
		}
	}
}
