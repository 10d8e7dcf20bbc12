package reconcile

import (
	"slices"

	batch "github.com/takeup/takeup/internal/batch/record"
	"github.com/takeup/takeup/internal/reconcile/gather"
)

// ofBatch reports whether a batch has begun a run with this version of a file. A batch remembers its last
// versions only.
func ofBatch(p gather.PromptFile, b batch.Batch) bool {
	full := len(b.Sources) >= batch.MostSources
	return slices.ContainsFunc(b.Sources, func(s batch.Source) bool {
		return s.Bucket == p.Bucket && s.Key == p.Key && (full || !s.Versioned || s.Version == p.Version)
	})
}

// batchFile reports a file of many prompts with neither a batch nor a rejection.
func (c *comparison) batchFile(file gather.PromptFile) {
	switch {
	case file.Rejected, slices.ContainsFunc(c.Batches, func(b batch.Batch) bool { return ofBatch(file, b) }):
	case c.To.Sub(file.At) < settling:
		c.note(file.Key, "", "uploaded just now; its batch doesn't exist yet")
	case file.Replaced:
		c.note(file.Key, "", "version "+file.Version+" has no batch; if it was rejected, the rejection of a later version replaced its own")
	default:
		c.find(Finding{
			Kind: Prompt, What: file.Key, At: file.At, Detail: "version " + file.Version + " has neither a batch nor a rejection", ToDo: uploadAgain,
		})
	}
}
