package video

import "strings"

// The buckets are laid out by these keys alone. A job's id is fit to be a part of
// a key (ValidID).

// FileKey is the key of a job's video.
func FileKey(id string) string { return "videos/" + id + "/video.mp4" }

// ManifestKey is the key of a job's manifest.
func ManifestKey(id string) string { return "videos/" + id + "/video.json" }

// FormKey is the key in the prompts bucket that an upload form signs. The name is
// one of jobs.RandomID with the prefix "file", the extension txt or json.
func FormKey(name, extension string) string { return forms + name + "." + extension }

const forms = "uploads/"

// IsFormKey reports whether a key is one that FormKey makes. A form can be sent any
// number of times until it expires, each time with another text.
func IsFormKey(key string) bool {
	name, ours := strings.CutPrefix(key, forms+"file-")
	name, extension, _ := strings.Cut(name, ".")
	return ours && len(name) == 26 && strings.Trim(name, "abcdefghijklmnopqrstuvwxyz234567") == "" && (extension == "txt" || extension == "json")
}
