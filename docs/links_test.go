package docs_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const root = ".."

// documents gives the text of every Markdown document, by its path from the root.
func documents(t *testing.T) map[string]string {
	t.Helper()
	paths, err := filepath.Glob("*.md")
	if err != nil {
		t.Fatal(err)
	}
	for i, path := range paths {
		paths[i] = filepath.Join("docs", path)
	}
	texts := map[string]string{}
	for _, path := range append(paths, "README.md", "CONTRIBUTING.md", "CHANGELOG.md") {
		texts[path] = read(t, filepath.Join(root, path))
	}
	return texts
}

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

var (
	link   = regexp.MustCompile(`\]\(([^)\s]+)\)|src="([^"]+)"`)
	code   = regexp.MustCompile("`([^`\n]+)`")
	atPath = regexp.MustCompile(`^(?:\./)?((?:internal|functions|cmd|test|docs|tools|statemachine|events)/[A-Za-z0-9_./-]*)$`)
	aTest  = regexp.MustCompile(`\b(?:Test|Fuzz)[A-Z][A-Za-z0-9]*`)
	aMake  = regexp.MustCompile(`(?:^|[\s(])make ([a-z][a-z-]*)\b`)
)

// TestLinks follows each link within the repository, to its heading too.
func TestLinks(t *testing.T) {
	texts := documents(t)
	for path, text := range texts {
		for _, m := range link.FindAllStringSubmatch(text, -1) {
			target, heading, _ := strings.Cut(m[1]+m[2], "#")
			if strings.HasPrefix(target, "https://") {
				continue
			}
			to := path
			if target != "" {
				to = filepath.Join(filepath.Dir(path), target)
			}
			if _, err := os.Stat(filepath.Join(root, to)); err != nil {
				t.Errorf("%s links to %s, which isn't there", path, to)
				continue
			}
			if heading != "" && !slices.Contains(headings(texts[to]), heading) {
				t.Errorf("%s links to #%s of %s, which has no such heading", path, heading, to)
			}
		}
	}
}

// headings gives the anchors of a document's headings, as GitHub makes them.
func headings(text string) []string {
	var anchors []string
	for line := range strings.Lines(text) {
		title := strings.TrimLeft(line, "#")
		if title == line || !strings.HasPrefix(title, " ") {
			continue
		}
		anchors = append(anchors, strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case strings.ContainsRune("'`.,;:?!()/…", r):
				return -1
			}
			return r
		}, strings.ToLower(strings.TrimSpace(title))))
	}
	return anchors
}

// TestNames looks for each file, folder, test and make target that a document names.
// The changelog may name what is gone.
func TestNames(t *testing.T) {
	tests, targets := declared(t), read(t, filepath.Join(root, "Makefile"))
	for path, text := range documents(t) {
		if path == "CHANGELOG.md" {
			continue
		}
		for _, span := range code.FindAllStringSubmatch(text, -1) {
			for _, word := range strings.Fields(span[1]) {
				m := atPath.FindStringSubmatch(word)
				if m == nil {
					continue
				}
				// In a command that begins with cd test, paths are of that folder.
				in := root
				if strings.HasPrefix(span[1], "cd test ") {
					in = filepath.Join(root, "test")
				}
				if _, err := os.Stat(filepath.Join(in, m[1])); err != nil {
					t.Errorf("%s names %s, which isn't there", path, word)
				}
			}
			for _, name := range aTest.FindAllString(span[1], -1) {
				if !slices.ContainsFunc(tests, func(test string) bool { return strings.Contains(test, name) }) {
					t.Errorf("%s names %s, and there is no such test", path, name)
				}
			}
			for _, m := range aMake.FindAllStringSubmatch(span[1], -1) {
				if !strings.Contains(targets, "\n"+m[1]+":") {
					t.Errorf("%s names make %s, and the Makefile has no such target", path, m[1])
				}
			}
		}
	}
}

// TestPackages looks in architecture.md for each package below internal, each function
// and each folder of test.
func TestPackages(t *testing.T) {
	text := read(t, "architecture.md")
	err := fs.WalkDir(os.DirFS(root), "internal", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.IsDir() {
			return err
		}
		if entry.Name() == "testdata" {
			return fs.SkipDir
		}
		files, err := filepath.Glob(filepath.Join(root, path, "*.go"))
		if err != nil || len(files) == 0 {
			return err
		}
		if !strings.Contains(text, "`"+path+"`") && !strings.Contains(text, "`"+filepath.Base(path)+"`") {
			t.Errorf("docs/architecture.md doesn't say what %s is", path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, in := range []string{"functions", "test"} {
		entries, err := os.ReadDir(filepath.Join(root, in))
		if err != nil {
			t.Fatal(err)
		}
		for _, entry := range entries {
			if entry.IsDir() && !strings.Contains(text, "`"+entry.Name()+"`") {
				t.Errorf("docs/architecture.md doesn't say what %s is", filepath.Join(in, entry.Name()))
			}
		}
	}
}

// declared gives the names of all tests and fuzz targets of the repository.
func declared(t *testing.T) []string {
	t.Helper()
	function := regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(`)
	var names []string
	for _, dir := range []string{"cmd", "docs", "functions", "internal", "test"} {
		err := fs.WalkDir(os.DirFS(root), dir, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, "_test.go") {
				return err
			}
			for _, m := range function.FindAllStringSubmatch(read(t, filepath.Join(root, path)), -1) {
				names = append(names, m[1])
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return names
}

// TestLengths bounds what a newcomer has to read.
func TestLengths(t *testing.T) {
	texts := documents(t)
	if n := strings.Count(texts["README.md"], "\n"); n > 200 {
		t.Errorf("the README has %d lines; move reference to docs, so that it has at most 200", n)
	}
	terms := strings.Count(texts["docs/glossary.md"], "\n| ") - 1 // the table's head
	if terms < 1 || terms > 20 {
		t.Errorf("the glossary has %d terms; replace some by the field's own, so that it has at most 20", terms)
	}
}

// TestDecisions holds each decision to its three lines, in a chapter.
func TestDecisions(t *testing.T) {
	for _, chapter := range strings.Split(read(t, "decisions.md"), "\n## ")[1:] {
		if title, rest, _ := strings.Cut(chapter, "\n"); !strings.HasPrefix(rest, "\n### ") {
			t.Errorf("%q is no chapter of decisions; if it is a decision, give its heading three # in one", title)
		}
	}
	for i, decision := range strings.Split(read(t, "decisions.md"), "\n### ")[1:] {
		body, _, _ := strings.Cut(decision, "\n## ")
		lines := strings.Split(strings.TrimSpace(body), "\n")
		if len(lines) != 3 || !strings.HasPrefix(lines[1], "Why: ") || !strings.HasPrefix(lines[2], "Turned down: ") {
			t.Errorf("decision %d, %q, isn't a heading, a line Why and a line Turned down", i+1, lines[0])
		}
	}
}
