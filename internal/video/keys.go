package video

import (
	"strconv"
	"strings"
)

// The buckets are laid out by these keys alone. A job's id is fit to be a part of
// a key (ValidID).

// EntryKey is the key of a job's entry in the ledger.
func EntryKey(id string) string { return "jobs/" + id + ".json" }

// FileKey is the key of a job's video.
func FileKey(id string) string { return "videos/" + id + "/video.mp4" }

// ManifestKey is the key of a job's manifest.
func ManifestKey(id string) string { return "videos/" + id + "/video.json" }

// TimesKey is the key of what is known of the times that a model's generations
// of so many seconds took.
func TimesKey(model string, duration int) string {
	return "times/" + model + "/" + strconv.Itoa(duration) + ".json"
}

// ContentKey is the key of what is known of the prompt files with those bytes, by
// their SHA-256 in hexadecimal.
func ContentKey(sum string) string { return "contents/" + sum + ".json" }

// FormKey is the key in the prompts bucket that an upload form signs. The name is
// one of intake.RandomID with the prefix "file", the ending txt or json.
func FormKey(name, ending string) string { return forms + name + "." + ending }

const forms = "uploads/"

// IsFormKey reports whether a key is one that FormKey makes. A form can be sent any
// number of times until it expires, each time with another text.
func IsFormKey(key string) bool {
	name, ours := strings.CutPrefix(key, forms+"file-")
	name, ending, _ := strings.Cut(name, ".")
	return ours && len(name) == 26 && strings.Trim(name, "abcdefghijklmnopqrstuvwxyz234567") == "" && (ending == "txt" || ending == "json")
}
