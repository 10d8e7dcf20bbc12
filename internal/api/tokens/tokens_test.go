package tokens_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/takeup/takeup/internal/api/tokens"
)

const first = "TheTokenOfTheStack0123456789"

func parse(t *testing.T, secret string) tokens.Tokens {
	t.Helper()
	parsed, err := tokens.Parse(secret)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

func TestOwner(t *testing.T) {
	made, err := tokens.New(bytes.NewReader(bytes.Repeat([]byte("random"), 5)))
	if err != nil || len(made) != 48 {
		t.Fatalf("made %q, %v", made, err)
	}
	all, err := parse(t, `{"default":"`+first+`"}`).With("alice", made)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(all.String(), made) || !strings.Contains(all.String(), "sha256:") {
		t.Errorf("alice's token is kept as it is: %s", all)
	}
	all = parse(t, all.String())
	for token, want := range map[string]string{
		first: "default", made: "alice", made + "x": "", made[1:]: "", strings.ToUpper(made): "", "": "", all.String(): "",
	} {
		if owner, ok := all.Owner(token); owner != want || ok != (want != "") {
			t.Errorf("%q is of %q, %v; want %q", token, owner, ok, want)
		}
	}
	// What is kept is no token.
	for _, part := range strings.Split(all.String(), `"`) {
		if owner, ok := all.Owner(part); ok && owner != tokens.Default {
			t.Errorf("%q lets in %s", part, owner)
		}
	}
	if names := all.Names(); !slices.Equal(names, []string{"alice", "default"}) {
		t.Errorf("the names are %v", names)
	}
	if token, err := all.Default(); token != first || err != nil {
		t.Errorf("the default is %q, %v", token, err)
	}
	none, err := all.Without("alice")
	if owner, ok := none.Owner(made); err != nil || ok {
		t.Errorf("after it was revoked: %q, %v", owner, err)
	}
	none, err = none.Without(tokens.Default)
	if _, unknown := none.Default(); err != nil || !errors.As(unknown, new(*tokens.Unknown)) || none.String() != "{}" || (tokens.Tokens{}).String() != "{}" {
		t.Errorf("without any: %s, %v, %v", none, err, unknown)
	}
	if again, err := none.With(tokens.Default, first); err != nil || again.String() != `{"default":"`+first+`"}` {
		t.Errorf("the default again: %s, %v", again, err)
	}
}

func TestRefused(t *testing.T) {
	all := parse(t, `{"default":"`+first+`"}`)
	for name, want := range map[string]any{
		"default": new(*tokens.Taken), "": new(*tokens.BadName), "a b": new(*tokens.BadName), "-a": new(*tokens.BadName), "é": new(*tokens.BadName),
		strings.Repeat("a", 65): new(*tokens.BadName), "a\n": new(*tokens.BadName),
	} {
		if _, err := all.With(name, first); !errors.As(err, want) {
			t.Errorf("%q: %v", name, err)
		}
	}
	for _, name := range []string{"a", "alice@example.com", "ci-2_x.y+z", strings.Repeat("a", 64)} {
		if !tokens.ValidName(name) {
			t.Errorf("%q is refused", name)
		}
	}
	if _, err := all.Without("bob"); !errors.As(err, new(*tokens.Unknown)) {
		t.Errorf("revoking one that is not there: %v", err)
	}
	var err error
	for i := 0; err == nil && i < 10000; i++ {
		all, err = all.With(fmt.Sprint("owner-", i), first)
	}
	if !errors.As(err, new(*tokens.Full)) || len(all.String()) > 64<<10 {
		t.Errorf("too many: %v, %d bytes", err, len(all.String()))
	}
	if _, err := tokens.New(strings.NewReader("short")); err == nil {
		t.Error("a token of too little randomness")
	}
}

// A text that is no secret of tokens is refused without quoting it. Tokens that are
// written and read again are the same, and no empty token has an owner.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		`{"default":"` + first + `"}`, first, `null`, `[]`, `{}`, `{"a":3}`, `{"a b":"` + first + `"}`, `{"a":"short"}`,
		`{"a":"sha256:00"}`, `{"a":"sha256:` + strings.Repeat("0", 64) + `"}`, `{"a":"` + strings.Repeat("é", 20) + `"}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, secret string) {
		parsed, err := tokens.Parse(secret)
		if err != nil {
			if bad := (*tokens.Malformed)(nil); !errors.As(err, &bad) || strings.Contains(err.Error(), first) {
				t.Errorf("%q: %v", secret, err)
			}
			return
		}
		if again, err := tokens.Parse(parsed.String()); err != nil || again.String() != parsed.String() {
			t.Errorf("%s becomes %s, %v", parsed, again, err)
		}
		for _, token := range []string{"", "Bearer", "sha256:" + strings.Repeat("0", 64)} {
			if owner, ok := parsed.Owner(token); ok && len(token) < 20 {
				t.Errorf("%q lets %q in", token, owner)
			}
		}
	})
}
