package cli

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/takeup/takeup/internal/cli/clitest"
)

// TestToken adds, lists and revokes tokens. The secret never contains a token in clear text.
func TestToken(t *testing.T) {
	here, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	w, f := withAPI(t)
	a := newFakeAWS(t, f)
	clear(w.Vars)
	w.Random = strings.NewReader(strings.Repeat("thirty bytes for each of them ", 8))
	var printed strings.Builder
	run := func(args ...string) string {
		w.Out.Reset()
		w.Err.Reset()
		status := w.run(t.Context(), append(args, "--stack", "takeup")...)
		fmt.Fprintf(&printed, "$ takeup %s\n%s%s(%d)\n\n", strings.Join(args, " "), &w.Out, &w.Err, status)
		return strings.TrimSpace(w.Out.String())
	}
	made := run("token", "add", "alice")
	if len(made) != 48 || strings.Contains(a.tokens, made) || !strings.Contains(a.tokens, `"alice":"sha256:`) {
		t.Errorf("created %q, stored as %s", made, a.tokens)
	}
	run("token", "list")
	run("token", "add", "alice")
	run("token", "add", "a b")
	run("token", "revoke", "bob")
	run("token", "revoke", "default")
	run("list")
	run("token", "list", "--json")
	if remade := run("token", "add", "default", "--json"); !strings.Contains(a.tokens, `"default":"`) || strings.Contains(a.tokens, `"default":"sha256`) || remade == "" {
		t.Errorf("the default token is stored as %s", a.tokens)
	}
	run("token", "revoke", "alice", "--json")
	run("token", "add", "carol", "--max-usd-per-day", "2.5")
	run("token", "add", "carol", "--max-usd-per-day", "100")
	run("token", "add", "dave", "--max-usd-per-day", "0")
	run("caps", "set", "--owner", "carol", "--max-usd-per-day", "3")
	run("caps", "set", "--owner", "nobody", "--max-usd-per-day", "3")
	run("token", "revoke", "carol")
	run("caps", "reset")
	a.denied = "PutItem"
	run("token", "add", "carol", "--max-usd-per-day", "2.5")
	a.denied = ""
	run("token", "list")
	a.tokens = "not of tokens"
	run("token", "list")
	a.denied = "GetSecretValue"
	run("token", "list")
	t.Chdir(here)
	clitest.Golden(t, "token", printed.String())
}
