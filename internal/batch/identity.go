package batch

import (
	"crypto/sha256"
	"fmt"
	"path"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/takeup/takeup/internal/jobs"
	"github.com/takeup/takeup/internal/text"
	"github.com/takeup/takeup/internal/video"
)

// maxName is the length limit of a batch's name, in characters.
const maxName = 200

// NameOf returns the default name of a file's batch: the file's name without its folders
// and its extension. A file that is moved, or saved in another format, is the same batch.
func NameOf(file string) string {
	base := path.Base(strings.ReplaceAll(file, `\`, "/"))
	return strings.TrimSuffix(base, path.Ext(base))
}

// CheckName returns an error if name can't be the name of a batch. The error is a fragment
// that the caller prefixes with its word for the name.
func CheckName(name string) error {
	if err := text.Check(name); err != nil {
		return err
	}
	if n := utf8.RuneCountInString(name); n > maxName || strings.ContainsAny(name, "\r\n\t") {
		return fmt.Errorf("takes one line of at most %d characters", maxName)
	}
	return nil
}

// IDs assigns the ids of one batch's jobs. An id is made of the batch's name and of the
// request that the provider gets, numbered among equal requests. It doesn't depend on the
// line's number, label or external_task_id, on other lines, or on the file's format: after
// a file is corrected, sorted, extended or converted, its existing jobs keep their ids.
// More copies of a line only add ids.
type IDs struct {
	name  string
	again string
	count map[[sha256.Size]byte]int
}

// NewIDs returns the IDs of the named batch. again is empty for the first run; another
// value changes all ids, so that everything is bought again.
func NewIDs(name, again string) *IDs {
	return &IDs{name: name, again: again, count: map[[sha256.Size]byte]int{}}
}

// Next returns the ids of the next line's jobs, one for each copy.
func (n *IDs) Next(request video.Request, copies int) []string {
	sum := sha256.Sum256(request.Body())
	ids := make([]string, copies)
	for i := range ids {
		n.count[sum]++
		ids[i] = jobs.IDFromKey("batch", n.name, n.again, string(sum[:]), strconv.Itoa(n.count[sum]))
	}
	return ids
}
