// Package objectkey is the layout of the two buckets: the key of each object that Takeup
// writes, and the parser of such keys. Nothing else builds a key or takes one apart.
//
// It imports no client of S3, so that functions which only name an object don't grow by
// one.
package objectkey

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"unicode/utf8"

	"github.com/takeup/takeup/internal/video"
)

// The prefixes. The first two are those of the videos bucket, which the policies of
// template.yaml name too; the last is that of the prompts bucket.
const (
	Videos     = "videos/"   // a folder for each job
	Rejections = "rejected/" // why prompt files were not taken
	Uploads    = "uploads/"  // the prompt files that came by a form
)

// The names in a job's folder.
const (
	videoName    = "video.mp4"
	manifestName = "video.json"
)

// Video is the key of a job's video. The id is a valid one.
func Video(id string) string { return Videos + id + "/" + videoName }

// Manifest is the key of a job's manifest. The id is a valid one.
func Manifest(id string) string { return Videos + id + "/" + manifestName }

// Upload is the key in the prompts bucket that an upload form signs. The name is
// one of jobs.RandomID with the prefix "file", the extension txt or json.
func Upload(name, extension string) string { return Uploads + name + "." + extension }

const rejectionEnd = ".json"

// longest is S3's limit for a key, in bytes of UTF-8:
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html
const longest = 1024

// Rejection is the key of the rejection of a prompt file: rejected/<its key>.json. Where
// that is longer than S3 takes, the file's key is cut between two characters and followed
// by "~" and 32 hex digits of the SHA-256 of the whole key.
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

// Kind is what an object is, by its key.
type Kind string

// The kinds. The last one is in the prompts bucket.
const (
	KindVideo     Kind = "video"
	KindManifest  Kind = "manifest"
	KindRejection Kind = "rejection"
	KindUpload    Kind = "upload"
)

// Key is a key that was taken apart.
type Key struct {
	Kind Kind
	Job  string // the id, of a video or a manifest
	// File is the key of the prompt file, of a rejection. Where it is Cut, it is the
	// beginning of that key and the mark which Rejection puts behind it; a key that was
	// cut can't be told from one that is written so.
	File string
	Cut  bool
	// Name and Extension are those of an upload.
	Name, Extension string
}

// Parse takes a key apart, and reports false for one that no function of this package
// gives. Video, Manifest, Rejection and Upload give the key again.
func Parse(key string) (Key, bool) {
	if file, ok := strings.CutPrefix(key, Rejections); ok {
		file, ok = strings.CutSuffix(file, rejectionEnd)
		return Key{Kind: KindRejection, File: file, Cut: isCut(key, file)}, ok && file != "" && len(key) <= longest
	}
	if file, ok := strings.CutPrefix(key, Uploads); ok {
		name, extension, _ := strings.Cut(file, ".")
		return Key{Kind: KindUpload, Name: name, Extension: extension}, isUpload(name) && (extension == "txt" || extension == "json")
	}
	path, _ := strings.CutPrefix(key, Videos)
	id, _, _ := strings.Cut(path, "/")
	switch {
	case !video.ValidID(id):
	case key == Video(id):
		return Key{Kind: KindVideo, Job: id}, true
	case key == Manifest(id):
		return Key{Kind: KindManifest, Job: id}, true
	}
	return Key{}, false
}

// isUpload reports whether a name is one that jobs.RandomID gives for a file.
func isUpload(name string) bool {
	random, ours := strings.CutPrefix(name, "file-")
	return ours && len(random) == 26 && strings.Trim(random, "abcdefghijklmnopqrstuvwxyz234567") == ""
}

// IsUpload reports whether a key is one that Upload gives. A form can be sent any number
// of times until it expires, each time with another text.
func IsUpload(key string) bool {
	parsed, ok := Parse(key)
	return ok && parsed.Kind == KindUpload
}

// isCut reports whether the file in the key of a rejection may have been cut: the key is
// as long as cutting leaves it, and has a mark.
func isCut(key, file string) bool {
	const mark = 1 + 32
	if len(key) <= longest-utf8.UTFMax || len(file) < mark || file[len(file)-mark] != '~' {
		return false
	}
	_, err := hex.DecodeString(file[len(file)-mark+1:])
	return err == nil
}
