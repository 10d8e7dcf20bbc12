package catalogue

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"sync"

	"github.com/takeup/takeup/internal/video"
	"github.com/takeup/takeup/internal/video/hookurl"
)

// The limits of metadata are those of OpenAI's API:
// https://platform.openai.com/docs/api-reference/responses/create#responses-create-metadata
const (
	maxPairs = 16
	maxValue = 512 // characters

	// keyPattern matches the keys of metadata, of at most 64 characters. They are also written
	// in the names of columns and query parameters, and in flags, so they have only characters
	// that need no quotes there.
	keyPattern = `^[A-Za-z0-9_.-]{1,64}$`
)

// keys is compiled on first use, to keep cold starts fast.
var keys = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(keyPattern) })

// ValidKey reports whether a name can be a key of metadata.
func ValidKey(name string) bool { return keys().MatchString(name) }

// Metadata returns the parameter of the client's own pairs, which every model takes.
func Metadata() Parameter {
	return Parameter{
		Name: video.Metadata, Kind: Object, MaxItems: maxPairs, Title: "Your metadata",
		About:  "your own pairs of a key and a text, which are kept and not sent",
		Member: &Parameter{Kind: String, MaxLength: maxValue},
	}
}

// clientFields are fields for any model that are not the model's own. The provider's clients send
// type and external_task_id, though no model's description has them. All models here make videos
// from text, so type adds nothing; an external_task_id is the client's own name for the job.
func clientFields() []Parameter {
	return []Parameter{
		{Name: "type", Kind: String, Allowed: []string{"text-to-video"}, Title: "Type", About: "what kind of generation it is, which the model says already"},
		{Name: video.ExternalID, Kind: String, MaxLength: 255, Title: "Your name for it", About: "your own name for the job, which is kept and not sent"},
		Metadata(),
		{Name: video.Webhook, Kind: String, MaxLength: hookurl.MaxBytes, Title: "Your webhook", About: "an https URL of yours that is told how the job ended, which is kept and not sent"},
	}
}

// members checks the members of an object that the client names. A member that is null is left
// out.
func (p Parameter) members(path string, given map[string]any) (any, []video.FieldError) {
	values := map[string]any{}
	var wrong []video.FieldError
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if given[name] == nil {
			continue
		}
		field := path + "." + shown(name)
		if !ValidKey(name) {
			wrong = append(wrong, video.FieldError{Field: field, Message: "can't be a key; a key is 1 to 64 of A-Z a-z 0-9 _ . and -"})
			continue
		}
		value, more := p.Member.Value(field, given[name])
		values[name], wrong = value, append(wrong, more...)
	}
	if n := len(values); p.MaxItems > 0 && n > p.MaxItems {
		wrong = append(wrong, video.FieldError{Field: path, Message: fmt.Sprintf("has %d pairs; it takes at most %d", n, p.MaxItems)})
	}
	return values, wrong
}
