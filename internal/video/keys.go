package video

import "strconv"

// The videos bucket is laid out by these keys alone. A job's id is fit to be a
// part of a key (ValidID).

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
