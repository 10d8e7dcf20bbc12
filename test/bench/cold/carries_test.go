package cold

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/takeup/takeup/internal/dev/stack"
	"github.com/takeup/takeup/test/harness/lambdas"
)

// heavy returns packages that would slow every start and that no function needs. The template
// packages make the linker keep every exported method of every type.
func heavy() []string {
	return []string{"github.com/aws/aws-sdk-go-v2/config", "text/template", "html/template", "testing", "time/tzdata", "net/http/pprof"}
}

// A function contains only the AWS clients that its main creates, or a wiring package for it. A
// client's tables are initialized at each start, whether or not it is ever called.
func TestFunctionsCarryWhatTheyUse(t *testing.T) {
	const root = "../../.."
	functions, err := lambdas.Functions(root, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, f := range functions {
		carried := list(t, filepath.Join(root, f.Folder), "-deps")
		imported := list(t, filepath.Join(root, f.Folder), "-f", `{{join .Imports "\n"}}`)
		for _, pkg := range imported {
			if strings.HasSuffix(pkg, "/wiring") {
				imported = append(imported, list(t, root, "-f", `{{join .Imports "\n"}}`, pkg)...)
			}
		}
		if got, want := clients(carried), clients(imported); len(want) == 0 || !slices.Equal(got, want) {
			t.Errorf("%s carries the clients %v, and makes %v", name, got, want)
		}
		for _, pkg := range heavy() {
			if slices.Contains(carried, pkg) {
				t.Errorf("%s carries %s", name, pkg)
			}
		}
	}
}

// mostInit is how many bytes our own packages may allocate at each start before main, all together.
// A regular expression takes a few ten thousand, and tables about as much.
const mostInit = 8 << 10

// The packages of a function make nothing at each start that only some calls need.
func TestInitsAreSmall(t *testing.T) {
	const root = "../../.."
	functions, err := lambdas.Functions(root, nil)
	if err != nil {
		t.Fatal(err)
	}
	line := regexp.MustCompile(`(?m)^init (github.com/takeup/\S+) .* (\d+) bytes`)
	for name, f := range functions {
		binary := filepath.Join(t.TempDir(), name)
		if err := lambdas.Build(t.Context(), root, f.Folder, binary); err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), binary)
		cmd.Env = []string{"GODEBUG=inittrace=1"}
		said, err := cmd.CombinedOutput() // it lacks its variables, and ends at once
		if err == nil || !strings.Contains(string(said), "init runtime ") {
			t.Fatalf("%s: %v\n%s", name, err, said)
		}
		sum := 0
		for _, found := range line.FindAllStringSubmatch(string(said), -1) {
			n, err := strconv.Atoi(found[2])
			if err != nil {
				t.Fatal(err)
			}
			sum += n
			t.Log(name, found[1], n)
		}
		if sum > mostInit {
			t.Errorf("the packages of %s allocate %d bytes before main; make on first use what not each call needs", name, sum)
		}
	}
}

// list returns the lines of go list for the package in dir.
func list(t *testing.T, dir string, args ...string) []string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", append([]string{"list"}, args...)...)
	cmd.Dir, cmd.Env = dir, stack.GoEnv(os.Environ()) // with SAM's build tags
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.Fields(string(out))
}

// clients returns the SDK's clients among packages, sorted.
func clients(packages []string) []string {
	var found []string
	for _, pkg := range packages {
		name, ok := strings.CutPrefix(pkg, "github.com/aws/aws-sdk-go-v2/service/")
		if ok && !strings.Contains(name, "/") {
			found = append(found, name)
		}
	}
	slices.Sort(found)
	return found
}
