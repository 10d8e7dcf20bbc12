// Package objectkey is the layout of the two buckets: the key of each object that Takeup
// writes, and the parser of such keys. Nothing else builds or parses a key.
//
// It imports no S3 client, so that functions that only name an object don't link one.
package objectkey

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"unicode/utf8"

	"github.com/takeup/takeup/internal/video"
)

// Key prefixes. The first two are in the videos bucket, and are also named in the policies
// of template.yaml. The last one is in the prompts bucket.
const (
	Videos     = "videos/"   // a directory for each job
	Rejections = "rejected/" // why prompt files were not accepted
	Uploads    = "uploads/"  // prompt files uploaded by a form
)

// The names in a job's directory.
const (
	videoName    = "video.mp4"
	manifestName = "video.json"
	posterName   = "poster.webp"
)

// directory returns the prefix of the keys of a job's objects. It is made of the ID alone.
func directory(job video.Locator) string { return Videos + job.ID + "/" }

// locate returns the job whose directory a key is in. The ID may be invalid.
func locate(key string) video.Locator {
	path, _ := strings.CutPrefix(key, Videos)
	id, _, _ := strings.Cut(path, "/")
	return video.Locator{ID: id}
}

// Video returns the key of a job's video. The job's ID must be valid.
func Video(job video.Locator) string { return directory(job) + videoName }

// Manifest returns the key of a job's manifest. The job's ID must be valid.
func Manifest(job video.Locator) string { return directory(job) + manifestName }

// Poster returns the key of the still picture of a job's video. The job's ID must be valid.
func Poster(job video.Locator) string { return directory(job) + posterName }

// URI returns the s3:// URI of an object.
func URI(bucket, key string) string { return "s3://" + bucket + "/" + key }

// Upload returns the key in the prompts bucket that an upload form signs. The name must be
// from jobs.RandomID with the prefix "file", and the extension txt or json.
func Upload(name, extension string) string { return Uploads + name + "." + extension }

const rejectionEnd = ".json"

// longest is S3's limit for a key, in bytes of UTF-8:
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html
const longest = 1024

// Rejection returns the key of a prompt file's rejection: rejected/<its key>.json. If that
// exceeds S3's limit, the file's key is cut between two characters and followed by "~" and
// 32 hex digits of the SHA-256 of the whole key.
func Rejection(file string) string {
	if len(Rejections)+len(file)+len(rejectionEnd) <= longest {
		return Rejections + file + rejectionEnd
	}
	sum := sha256.Sum256([]byte(file))
	mark := "~" + hex.EncodeToString(sum[:16])
	cut := longest - len(Rejections) - len(mark) - len(rejectionEnd)
	for cut > 0 && !utf8.RuneStart(file[cut]) {
		cut--
	}
	return Rejections + file[:cut] + mark + rejectionEnd
}

// Kind is the kind of an object, by its key.
type Kind string

// The kinds. The last one is in the prompts bucket.
const (
	KindVideo     Kind = "video"
	KindManifest  Kind = "manifest"
	KindPoster    Kind = "poster"
	KindRejection Kind = "rejection"
	KindUpload    Kind = "upload"
)

// Key is a parsed key.
type Key struct {
	Kind Kind
	// Job is the job of a video, a manifest or a poster. It has only what the key is made of:
	// Video, Manifest and Poster return the same key for it, but its creation time may be missing or rounded.
	Job video.Locator
	// File is the prompt file's key, of a rejection. If it is Cut, it is the beginning of
	// that key and the mark appended by Rejection. A cut key can't be distinguished from a
	// key that has this form itself.
	File string
	Cut  bool
	// Name and Extension are those of an upload.
	Name, Extension string
}

// Parse parses a key, and returns false if no function of this package returns it. Video,
// Manifest, Poster, Rejection and Upload are the inverse.
func Parse(key string) (Key, bool) {
	if file, ok := strings.CutPrefix(key, Rejections); ok {
		file, ok = strings.CutSuffix(file, rejectionEnd)
		return Key{Kind: KindRejection, File: file, Cut: isCut(key, file)}, ok && file != "" && len(key) <= longest
	}
	if file, ok := strings.CutPrefix(key, Uploads); ok {
		name, extension, _ := strings.Cut(file, ".")
		return Key{Kind: KindUpload, Name: name, Extension: extension}, isUpload(name) && (extension == "txt" || extension == "json")
	}
	switch job := locate(key); {
	case !video.ValidID(job.ID):
	case key == Video(job):
		return Key{Kind: KindVideo, Job: job}, true
	case key == Manifest(job):
		return Key{Kind: KindManifest, Job: job}, true
	case key == Poster(job):
		return Key{Kind: KindPoster, Job: job}, true
	}
	return Key{}, false
}

// isUpload reports whether a name has the form that jobs.RandomID gives for a file.
func isUpload(name string) bool {
	random, ours := strings.CutPrefix(name, "file-")
	return ours && len(random) == 26 && strings.Trim(random, "abcdefghijklmnopqrstuvwxyz234567") == ""
}

// IsUpload reports whether a key is one that Upload returns. A form can be used any number
// of times until it expires, each time with another text.
func IsUpload(key string) bool {
	parsed, ok := Parse(key)
	return ok && parsed.Kind == KindUpload
}

// isCut reports whether the file in a rejection's key may have been cut: the key has the
// length that cutting leaves, and has a mark.
func isCut(key, file string) bool {
	const mark = 1 + 32
	if len(key) <= longest-utf8.UTFMax || len(file) < mark || file[len(file)-mark] != '~' {
		return false
	}
	_, err := hex.DecodeString(file[len(file)-mark+1:])
	return err == nil
}
