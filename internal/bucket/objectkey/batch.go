package objectkey

import (
	"strconv"
	"strings"

	"github.com/takeup/takeup/internal/video"
)

// Batches is the prefix of the batches' files in the videos bucket, which is also named in the
// policies of template.yaml.
const Batches = "batches/" // a directory for each batch

// BatchUploads is the prefix of the files in the prompts bucket that forms upload for batches.
const BatchUploads = Uploads + "batches/"

// The files of a run.
const (
	BatchLines    = "lines.jsonl"    // its videos, with their ids
	BatchTodo     = "todo.jsonl"     // those without a video when it was planned
	BatchRequests = "requests.jsonl" // the requests of its lines
)

// BatchRun returns the key of a file of a batch's run. The ID must be valid.
func BatchRun(id string, run int, file string) string {
	return Batches + id + "/" + strconv.Itoa(run) + "/" + file
}

// BatchResults returns the key of a batch's results. The ID must be valid, and the extension
// csv or jsonl.
func BatchResults(id, extension string) string { return Batches + id + "/results." + extension }

// BatchUpload returns the key in the prompts bucket that a batch's upload form signs. The ID
// must be valid, and the extension csv or jsonl.
func BatchUpload(id, extension string) string { return BatchUploads + id + "." + extension }

// ParseBatchUpload returns the id of the batch in a key that BatchUpload returns, and false for
// any other key.
func ParseBatchUpload(key string) (id string, ok bool) {
	rest, ours := strings.CutPrefix(key, BatchUploads)
	id, extension, _ := strings.Cut(rest, ".")
	return id, ours && video.ValidID(id) && (extension == "csv" || extension == "jsonl")
}
