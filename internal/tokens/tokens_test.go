package tokens_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"github.com/takeup/takeup/internal/tokens"
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

// FuzzParse: what isn't a secret of tokens is refused, without a word of it; what is
// one says the same again, and nobody is let in without a token.
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

// manager is a Secrets Manager with one secret. Before a label is moved, meanwhile is
// called.
type manager struct {
	versions  []string
	current   int
	meanwhile func()
	err       error
}

func id(n int) *string { s := fmt.Sprint("version-", n); return &s }

func (m *manager) GetSecretValue(context.Context, *secretsmanager.GetSecretValueInput, ...func(*secretsmanager.Options)) (*secretsmanager.GetSecretValueOutput, error) {
	return &secretsmanager.GetSecretValueOutput{SecretString: &m.versions[m.current], VersionId: id(m.current)}, m.err
}

func (m *manager) PutSecretValue(_ context.Context, in *secretsmanager.PutSecretValueInput, _ ...func(*secretsmanager.Options)) (*secretsmanager.PutSecretValueOutput, error) {
	if slices.Contains(in.VersionStages, "AWSCURRENT") || len(in.VersionStages) == 0 {
		m.current = len(m.versions)
	}
	m.versions = append(m.versions, *in.SecretString)
	return &secretsmanager.PutSecretValueOutput{VersionId: id(len(m.versions) - 1)}, nil
}

func (m *manager) UpdateSecretVersionStage(_ context.Context, in *secretsmanager.UpdateSecretVersionStageInput, _ ...func(*secretsmanager.Options)) (*secretsmanager.UpdateSecretVersionStageOutput, error) {
	if meanwhile := m.meanwhile; meanwhile != nil {
		m.meanwhile = nil
		meanwhile()
		defer func() { m.meanwhile = meanwhile }()
	}
	if *in.RemoveFromVersionId != *id(m.current) {
		return nil, &types.InvalidParameterException{}
	}
	for n := range m.versions {
		if *in.MoveToVersionId == *id(n) {
			m.current = n
		}
	}
	return &secretsmanager.UpdateSecretVersionStageOutput{}, nil
}

// Two who change the tokens at once lose nothing.
func TestChange(t *testing.T) {
	ctx := t.Context()
	m := &manager{versions: []string{`{}`}}
	s := tokens.NewSecret(m, "arn")
	add := func(name string) error {
		return s.Change(ctx, func(all tokens.Tokens) (tokens.Tokens, error) { return all.With(name, first) })
	}
	once := true
	m.meanwhile = func() {
		if once {
			once = false
			if err := add("bob"); err != nil {
				t.Error(err)
			}
		}
	}
	if err := add("alice"); err != nil {
		t.Fatal(err)
	}
	all, err := s.Read(ctx)
	if err != nil || !slices.Equal(all.Names(), []string{"alice", "bob"}) {
		t.Errorf("there are %v, %v", all.Names(), err)
	}
	if err := add("bob"); !errors.As(err, new(*tokens.Taken)) {
		t.Errorf("once more: %v", err)
	}
	n := 0
	m.meanwhile = func() { n++; _ = add(fmt.Sprint("other-", n)) }
	if err := add("carol"); err == nil || n == 0 {
		t.Errorf("changed each time: %v after %d", err, n)
	}
	m.err = errors.New("denied")
	if err := add("dan"); !errors.Is(err, m.err) {
		t.Errorf("denied: %v", err)
	}
}
