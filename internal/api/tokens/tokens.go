// Package tokens reads and writes the API's tokens. They are one secret of Secrets
// Manager, a JSON object whose keys are the names of the tokens' owners:
//
//	{"default": "Jx8…", "alice": "sha256:9f86…"}
//
// The token named Default is created with the stack and stored in the clear, since the
// command line reads it from the secret. Of every other token only the SHA-256 is stored.
// It needs no salt and no slow hash: those protect secrets that can be guessed, and a
// token is 240 random bits.
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
	"sync"
)

// Default is the name of the token that is created with the stack.
const Default = "default"

// hashed is the prefix of a SHA-256, in hexadecimal, in the place of a token.
const hashed = "sha256:"

// shortest is the least length of a token. API Gateway refuses shorter ones, as
// template.yaml says.
const shortest = 20

// most is the greatest size of a secret, in bytes.
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html
const most = 64 << 10

// nameSyntax matches the names of tokens. It is compiled on first use, to keep cold starts fast.
var nameSyntax = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}$`) })

// Malformed says that a secret doesn't hold tokens. Its text has nothing of the secret.
type Malformed struct{ Reason string }

func (e *Malformed) Error() string {
	return "the secret of the API's tokens " + e.Reason + `; put a JSON object of names and tokens there, such as {}, and make tokens with "takeup token add"`
}

// BadName says that a text is not a valid name of a token.
type BadName struct{ Name string }

func (e *BadName) Error() string {
	return fmt.Sprintf("%.100q is not a valid name of a token: a name has 1 to 64 characters of A-Z a-z 0-9 . _ @ + - and begins with a letter or a digit", e.Name)
}

// Taken says that a name is already in use.
type Taken struct{ Name string }

func (e *Taken) Error() string { return "there is already a token named " + e.Name }

// Unknown says that there is no token of a name.
type Unknown struct{ Name string }

func (e *Unknown) Error() string { return fmt.Sprintf("there is no token named %.100q", e.Name) }

// Full says that the secret can't hold another token.
type Full struct{}

func (e *Full) Error() string { return "the secret has no room for another token; revoke one" }

// ValidName reports whether a text is a valid name of a token.
func ValidName(name string) bool { return nameSyntax().MatchString(name) }

// New returns a new token of 240 random bits.
func New(random io.Reader) (string, error) {
	bits := make([]byte, 30)
	if _, err := io.ReadFull(random, bits); err != nil {
		return "", fmt.Errorf("creating a token: %w", err)
	}
	return strings.ToLower(base32.StdEncoding.EncodeToString(bits)), nil
}

// Tokens are the tokens of an API, as they are stored. The zero value has none.
type Tokens struct{ kept map[string]string }

// Parse reads the value of the secret. The error is a *Malformed.
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
			return Tokens{}, &Malformed{fmt.Sprintf("has a token named %.100q, which is not a valid name", name)}
		case isHash && (err != nil || len(sum) != sha256.Size):
			return Tokens{}, &Malformed{"has " + hashed + " without a SHA-256 for " + name}
		case len(token) < shortest || strings.IndexFunc(token, func(r rune) bool { return r < '!' || r > '~' }) >= 0:
			return Tokens{}, &Malformed{fmt.Sprintf("has a token for %s that is not of %d visible ASCII characters or more", name, shortest)}
		}
	}
	return Tokens{kept}, nil
}

// Owner returns the name of a token, and false if it is none of these. The time that it
// takes depends on the number of tokens only, not on their values.
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

// sumOf returns the SHA-256 of a token, given as it is stored.
func sumOf(kept string) []byte {
	if hash, ok := strings.CutPrefix(kept, hashed); ok {
		sum, _ := hex.DecodeString(hash) // Parse has checked it
		return sum
	}
	sum := sha256.Sum256([]byte(kept))
	return sum[:]
}

// Names returns the names, sorted.
func (t Tokens) Names() []string { return slices.Sorted(maps.Keys(t.kept)) }

// Has reports whether there is a token of that name.
func (t Tokens) Has(name string) bool { return t.kept[name] != "" }

// Default returns the token named Default. The error is an *Unknown.
func (t Tokens) Default() (string, error) {
	token, ok := t.kept[Default]
	if !ok || strings.HasPrefix(token, hashed) {
		return "", &Unknown{Default}
	}
	return token, nil
}

// With returns the tokens and one more. The error is a *BadName, a *Taken or a *Full.
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

// Without returns the tokens except one. The error is an *Unknown.
func (t Tokens) Without(name string) (Tokens, error) {
	if _, ok := t.kept[name]; !ok {
		return t, &Unknown{name}
	}
	fewer := maps.Clone(t.kept)
	delete(fewer, name)
	return Tokens{fewer}, nil
}

// String returns the value of the secret. It contains a token in the clear: don't print
// it.
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
