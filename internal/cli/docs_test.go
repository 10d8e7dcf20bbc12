package cli

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/takeup/takeup/internal/cli/clitest"
)

// TestDocs compares the commands in docs/cli.md with the output of --help.
func TestDocs(t *testing.T) {
	w := newShell(t)
	var want strings.Builder
	var describe func(commands []*cobra.Command)
	describe = func(commands []*cobra.Command) {
		for _, cmd := range commands {
			name := strings.TrimPrefix(cmd.CommandPath(), "takeup ")
			if cmd.Hidden {
				continue
			}
			w.Out.Reset()
			if status := w.run(t.Context(), append(strings.Fields(name), "--help")...); status != 0 {
				t.Fatalf("%s --help: %d, %s", name, status, &w.Err)
			}
			want.WriteString("### " + name + "\n\n```text\n" + strings.TrimSpace(w.Out.String()) + "\n```\n\n")
			if name != "completion" { // its subcommands are the shells
				describe(cmd.Commands())
			}
		}
	}
	describe(newRoot(w.Env).Commands())
	const path, begin, end = "../../docs/cli.md", "<!-- commands -->\n", "<!-- end of commands -->\n"
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := bytes.Cut(text, []byte(begin))
	got, after, closed := bytes.Cut(rest, []byte(end))
	if !ok || !closed {
		t.Fatal("docs/cli.md has no marks for the commands")
	}
	if string(got) == want.String() {
		return
	}
	if !*clitest.Update {
		t.Error("docs/cli.md does not have what --help shows; run go test ./internal/cli -update")
		return
	}
	if err := os.WriteFile(path, []byte(string(before)+begin+want.String()+end+string(after)), 0o644); err != nil {
		t.Fatal(err)
	}
}
