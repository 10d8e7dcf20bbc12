// Package tokens is the API's tokens, by the names of their owners. They are in one
// secret of Secrets Manager, a JSON object of names and tokens:
//
//	{"default": "Jx8…", "alice": "sha256:9f86…"}
//
// The token of Default is made with the stack and is kept as it is, since takeup, and
// whoever may read the secret, gets it from there. Of every other token only the
// SHA-256 is kept. That needs no salt and no slow hash, which protect what can be
// guessed: a token is 240 random bits.
package tokens

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// Default is the name of the token that is made with the stack.
const Default = "default"

// hashed begins a token of which only the SHA-256 is kept, in hexadecimal.
const hashed = "sha256:"

// shortest is how long a token is at the least. What is shorter is refused by API
// Gateway, as template.yaml has it.
const shortest = 20

// most is how long a secret is at the most, in bytes.
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html
const most = 64 << 10

var nameSyntax = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}$`)

// Malformed says that a secret doesn't hold tokens. It has none of the secret's words.
type Malformed struct{ Reason string }

func (e *Malformed) Error() string {
	return "the secret of the API's tokens " + e.Reason + `; put a JSON object of names and tokens there, such as {}, and make tokens with "takeup token add"`
}

// BadName says that a name can't be a token's.
type BadName struct{ Name string }

func (e *BadName) Error() string {
	return fmt.Sprintf("%.100q can't be a token's name: it takes 1 to 64 of A-Z a-z 0-9 . _ @ + and -, of which the first is a letter or a digit", e.Name)
}

// Taken says that there is a token of that name.
type Taken struct{ Name string }

func (e *Taken) Error() string { return "there is a token of the name " + e.Name + " already" }

// Unknown says that there is no token of that name.
type Unknown struct{ Name string }

func (e *Unknown) Error() string { return fmt.Sprintf("there is no token of the name %.100q", e.Name) }

// Full says that there is no room for another token.
type Full struct{}

func (e *Full) Error() string { return "the secret has no room for another token; revoke one" }

// ValidName reports whether a text can be a token's name.
func ValidName(name string) bool { return nameSyntax.MatchString(name) }

// New makes a token, of 240 random bits.
func New(random io.Reader) (string, error) {
	bits := make([]byte, 30)
	if _, err := io.ReadFull(random, bits); err != nil {
		return "", fmt.Errorf("making a token: %w", err)
	}
	return strings.ToLower(base32.StdEncoding.EncodeToString(bits)), nil
}

// Tokens are the tokens of an API, as they are kept. The zero Tokens is none.
type Tokens struct{ kept map[string]string }

// Parse reads what the secret holds, or gives a *Malformed.
func Parse(secret string) (Tokens, error) {
	var kept map[string]string
	if err := json.Unmarshal([]byte(secret), &kept); err != nil || kept == nil {
		return Tokens{}, &Malformed{"can't be read"}
	}
	for name, token := range kept {
		hash, isHash := strings.CutPrefix(token, hashed)
		sum, err := hex.DecodeString(hash)
		switch {
		case !ValidName(name):
			return Tokens{}, &Malformed{fmt.Sprintf("has the name %.100q, which can't be one", name)}
		case isHash && (err != nil || len(sum) != sha256.Size):
			return Tokens{}, &Malformed{"has something else than a hash for " + name}
		case len(token) < shortest || strings.IndexFunc(token, func(r rune) bool { return r < '!' || r > '~' }) >= 0:
			return Tokens{}, &Malformed{fmt.Sprintf("has a token for %s that is not of %d visible ASCII characters or more", name, shortest)}
		}
	}
	return Tokens{kept}, nil
}

// Owner gives the name of a token; false where there is none like it. The time that it
// takes depends on how many tokens there are, and neither on theirs nor on the given
// one.
func (t Tokens) Owner(token string) (string, bool) {
	given := sha256.Sum256([]byte(token))
	owner, found := "", false
	for _, name := range t.Names() {
		if sum := sumOf(t.kept[name]); subtle.ConstantTimeCompare(given[:], sum) == 1 {
			owner, found = name, true
		}
	}
	return owner, found
}

// sumOf gives the SHA-256 of a token as it is kept.
func sumOf(kept string) []byte {
	if hash, ok := strings.CutPrefix(kept, hashed); ok {
		sum, _ := hex.DecodeString(hash) // Parse has looked
		return sum
	}
	sum := sha256.Sum256([]byte(kept))
	return sum[:]
}

// Names gives the names, sorted.
func (t Tokens) Names() []string { return slices.Sorted(maps.Keys(t.kept)) }

// Has reports whether there is a token of that name.
func (t Tokens) Has(name string) bool { return t.kept[name] != "" }

// Default gives the token of that name, or an *Unknown.
func (t Tokens) Default() (string, error) {
	token, ok := t.kept[Default]
	if !ok || strings.HasPrefix(token, hashed) {
		return "", &Unknown{Default}
	}
	return token, nil
}

// With gives the tokens and one more. The error is a *BadName, a *Taken or a *Full.
func (t Tokens) With(name, token string) (Tokens, error) {
	if !ValidName(name) {
		return t, &BadName{name}
	}
	if _, ok := t.kept[name]; ok {
		return t, &Taken{name}
	}
	if name != Default {
		sum := sha256.Sum256([]byte(token))
		token = hashed + hex.EncodeToString(sum[:])
	}
	more := map[string]string{name: token}
	maps.Copy(more, t.kept)
	if with := (Tokens{more}); len(with.String()) <= most {
		return with, nil
	}
	return t, &Full{}
}

// Without gives the tokens but for one, or an *Unknown.
func (t Tokens) Without(name string) (Tokens, error) {
	if _, ok := t.kept[name]; !ok {
		return t, &Unknown{name}
	}
	fewer := maps.Clone(t.kept)
	delete(fewer, name)
	return Tokens{fewer}, nil
}

// String is what the secret holds: it has a token, and belongs nowhere else.
func (t Tokens) String() string {
	if t.kept == nil {
		return "{}"
	}
	encoded, err := json.Marshal(t.kept)
	if err != nil {
		panic("tokens: " + err.Error()) // it is texts
	}
	return string(encoded)
}
